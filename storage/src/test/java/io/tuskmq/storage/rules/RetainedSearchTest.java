package io.tuskmq.storage.rules;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import org.junit.jupiter.api.Test;

final class RetainedSearchTest {
    @Test
    void tagsNameEachLevelByItsPosition() {
        assertArrayEquals(new String[] {"0:site", "1:5", "2:dev"}, RetainedTags.of("site/5/dev"));
        assertArrayEquals(new String[] {"0:", "1:a", "2:"}, RetainedTags.of("/a/"));
        assertArrayEquals(new String[] {"1:5", "3:hum"}, RetainedTags.ofFilter("+/5/+/hum/#"));
    }

    @Test
    void longAndDeepTopicsHaveBoundedTags() {
        assertEquals(RetainedTags.LEVELS_MAX, RetainedTags.of("/".repeat(60_000)).length);
        String level = "x".repeat(63) + "\uD83D\uDC18" + "y".repeat(3_000);
        String tag = RetainedTags.of(level)[0];
        assertEquals("0:" + "x".repeat(63), tag);
        assertEquals(tag, RetainedTags.ofFilter(level + "/+")[0]);
    }

    @Test
    void aFilterWithoutWildcardIsOneTopic() {
        assertEquals(new RetainedSearch.Exact("a/b"), RetainedSearch.of("a/b"));
    }

    @Test
    void aTrailingHashIsARangeAndItsParent() {
        var range = assertInstanceOf(RetainedSearch.Range.class, RetainedSearch.of("site/5/#"));
        assertEquals("site/5", range.parent());
        assertEquals("site/5/", range.from());
        assertEquals("site/50", range.to());
        assertEquals(0, range.tags().length);
        assertEquals(false, range.withoutDollar());
    }

    @Test
    void anEarlyWildcardHasTags() {
        var range = assertInstanceOf(RetainedSearch.Range.class, RetainedSearch.of("site/+/dev/7"));
        assertEquals("site/", range.parent());
        assertEquals("site/", range.from());
        assertArrayEquals(new String[] {"0:site", "2:dev", "3:7"}, range.tags());
    }

    /** [MQTT-4.7.2-1] */
    @Test
    void aLeadingWildcardLeavesDollarTopicsOut() {
        var all = assertInstanceOf(RetainedSearch.Range.class, RetainedSearch.of("#"));
        assertEquals("", all.from());
        assertEquals("", all.to());
        assertEquals(true, all.withoutDollar());
        assertEquals(
                true,
                assertInstanceOf(RetainedSearch.Range.class, RetainedSearch.of("+/a"))
                        .withoutDollar());
    }
}
