package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.get;
import static io.tuskmq.storage.StoreFixture.retained;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What {@link Retained} promises, whatever stands behind it. */
abstract class RetainedContract {
    abstract StoreFixture store();

    private long node;

    private void retain(String... topics) {
        if (node == 0) {
            node = store().node();
        }
        for (String topic : topics) {
            assertTrue(store().append(node, retained(topic, "of " + topic)));
        }
    }

    /** All pages of the given size. */
    private List<String> find(String filter, int limit) {
        List<String> topics = new ArrayList<>();
        @Nullable String after = "";
        while (after != null) {
            Retained.Page page = get(store().retained().find(filter, after, limit));
            assertTrue(page.messages().size() <= limit);
            page.messages().forEach(message -> topics.add(message.topic()));
            after = page.nextAfter();
        }
        return topics;
    }

    @Test
    void oneTopicIsFoundByItsName() {
        retain("a/b", "a/b/c", "a");
        assertEquals(List.of("a/b"), find("a/b", 10));
        assertEquals(List.of(), find("a/x", 10));
        Message message = get(store().retained().find("a/b", "", 10)).messages().getFirst();
        assertEquals("of a/b", new String(message.payload(), StandardCharsets.UTF_8));
        assertTrue(message.retain());
        assertEquals(1, message.qos());
    }

    /** [MQTT-3.3.1-5] [MQTT-3.3.1-10] */
    @Test
    void theLastMessageReplacesAndAnEmptyOneRemoves() {
        retain("a", "b");
        assertTrue(store().append(node, retained("a", "newer")));
        assertTrue(store().append(node, retained("b", "")));
        Retained.Page page = get(store().retained().find("#", "", 10));
        assertEquals(1, page.messages().size());
        assertEquals("newer", new String(page.messages().getFirst().payload(), StandardCharsets.UTF_8));
        assertEquals(1, get(store().retained().count()));
    }

    /** [MQTT-4.7.1-2]: a/# matches a too; what lies between them in the order of bytes does not belong. */
    @Test
    void aTrailingHashFindsTheParent() {
        retain("a", "a!x", "a/", "a/b", "a/b/c", "a0", "b");
        assertEquals(List.of("a", "a/", "a/b", "a/b/c"), find("a/#", 10));
        assertEquals(List.of("a", "a/", "a/b", "a/b/c"), find("a/#", 1));
    }

    /** [MQTT-4.7.2-1] */
    @Test
    void aLeadingWildcardFindsNoDollarTopic() {
        retain("$SYS/x", "!", "%", "a");
        assertEquals(List.of("!", "%", "a"), find("#", 10));
        assertEquals(List.of("!", "%", "a"), find("#", 2));
        assertFalse(find("+/x", 10).contains("$SYS/x"));
        assertEquals(List.of("$SYS/x"), find("$SYS/#", 10));
    }

    @Test
    void anEarlyWildcardFindsAllThatMatch() {
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            retain("site/" + i + "/dev/" + i % 3, "site/" + i + "/dev");
            if (i % 3 == 1) {
                expected.add("site/" + i + "/dev/1");
            }
        }
        expected.sort(null);
        assertEquals(expected, find("site/+/dev/1", 1000));
        assertEquals(expected, find("site/+/dev/1", 3));
        assertEquals(expected, find("+/+/+/1", 4));
        assertTrue(find("site/+/dev/#", 7).containsAll(expected));
        assertEquals(
                30,
                find("site/+/dev/#", 7).stream().filter(t -> t.endsWith("/dev")).count());
    }

    @Test
    void topicsComeInTheOrderOfTheirBytes() {
        retain("a/\uFFFD", "a/\uD83D\uDC18", "a/z", "a/A", "a/\u00E9");
        List<String> expected = List.of("a/A", "a/z", "a/\u00E9", "a/\uFFFD", "a/\uD83D\uDC18");
        assertEquals(expected, find("a/#", 10));
        assertEquals(expected, find("a/+", 2));
    }

    @Test
    void longLevelsAreFound() {
        String level = "x".repeat(500);
        retain("a/" + level + "/b");
        assertEquals(List.of("a/" + level + "/b"), find("+/" + level + "/+", 10));
    }

    @Test
    void expiredMessagesAreNotFoundAndSwept() {
        node = store().node();
        long soon = System.currentTimeMillis() + 3_600_000L * 24 * 365 * 10;
        byte[] payload = {1};
        for (String topic : List.of("a", "b", "c")) {
            assertTrue(store().append(node, new Message(topic, payload, 1, true, new byte[0], soon, 0)));
        }
        retain("d");
        assertEquals(4, find("#", 10).size());
        store().passSeconds(3_600L * 24 * 365 * 11);
        assertEquals(List.of("d"), find("#", 10));
        assertEquals(List.of(), find("a", 10));
        assertEquals(2, get(store().retained().deleteExpired(2)));
        assertEquals(1, get(store().retained().deleteExpired(2)));
        assertEquals(0, get(store().retained().deleteExpired(2)));
        assertEquals(1, get(store().retained().count()));
    }

    /** Whatever is added, replaced, cleared, expired, in one batch or many: the usage is that of what is there. */
    @Test
    void theUsageIsThatOfWhatIsThere() {
        assertEquals(new Retained.Usage(0, 0), get(store().retained().usage()));
        retain("a", "bb"); // with "of a" and "of bb" as payloads
        assertEquals(new Retained.Usage(2, 3 + 4 + 5), get(store().retained().usage()));
        assertTrue(store().append(node, retained("a", "much longer")));
        assertEquals(new Retained.Usage(2, 3 + 11 + 5), get(store().retained().usage()));
        assertTrue(store().append(node, retained("a", "s")));
        assertTrue(store().append(node, retained("\u00e4", "s")));
        assertEquals(new Retained.Usage(3, 5 + 2 + 5), get(store().retained().usage()));
        assertTrue(store().append(node, retained("bb", "")));
        assertTrue(store().append(node, retained("never there", "")));
        assertEquals(new Retained.Usage(2, 3 + 2), get(store().retained().usage()));
        long soon = System.currentTimeMillis() + 3_600_000L * 24 * 365 * 10;
        assertTrue(store().append(node, new Message("t", new byte[9], 1, true, new byte[0], soon, 0)));
        assertEquals(new Retained.Usage(3, 15), get(store().retained().usage()));
        store().passSeconds(3_600L * 24 * 365 * 11);
        assertEquals(1, get(store().retained().deleteExpired(10)));
        assertEquals(new Retained.Usage(2, 5), get(store().retained().usage()));
    }
}
