package io.tuskmq.cluster.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TopicFilterTest {
    @ParameterizedTest
    @ValueSource(
            strings = {"#", "+", "/", "a", "a/#", "+/#", "+/a/+", "/+", "sport/+/player1", "$SYS/#", "//+//", " /#"})
    void acceptsWellFormedFilters(String filter) {
        assertNull(TopicFilter.problem(filter));
    }

    /** [MQTT-4.7.1-2] [MQTT5-4.7.1-1] */
    @ParameterizedTest
    @ValueSource(strings = {"a#", "a/#/b", "#/a", "##", "a/b#", "#/", "+#", "a/#b"})
    void refusesTheHashAnywhereButAloneInTheLastLevel(String filter) {
        assertNotNull(TopicFilter.problem(filter));
    }

    /** [MQTT-4.7.1-3] [MQTT5-4.7.1-2] */
    @ParameterizedTest
    @ValueSource(strings = {"a+", "+a", "a+/b", "a/+b", "++", "a/b+/c", "+#"})
    void refusesThePlusThatIsNotAloneInItsLevel(String filter) {
        assertNotNull(TopicFilter.problem(filter));
    }

    @ParameterizedTest
    @CsvSource({
        "sport/tennis/player1/#, sport/tennis/player1, true",
        "sport/tennis/player1/#, sport/tennis/player1/ranking, true",
        "sport/tennis/player1/#, sport/tennis/player1/score/wimbledon, true",
        "sport/tennis/player1/#, sport/tennis/player2, false",
        "sport/#, sport, true",
        "sport/#, sports, false",
        "#, a, true",
        "#, /, true",
        "#, a/b/c, true",
        "sport/tennis/+, sport/tennis/player1, true",
        "sport/tennis/+, sport/tennis/player1/ranking, false",
        "sport/+, sport, false",
        "sport/+, sport/, true",
        "+/+, /finance, true",
        "/+, /finance, true",
        "+, /finance, false",
        "+, finance, true",
        "+/tennis/#, sport/tennis, true",
        "+/+/#, a, false",
        "+/#, a, true",
        "a/b, a/b/c, false",
        "a/b/c, a/b, false",
        "a, a/, false",
        "a/, a, false",
        "a//b, a//b, true",
        "a/+/b, a//b, true",
        "a/+/b, a/b, false"
    })
    void matchesAsTheSpecificationSays(String filter, String topic, boolean matches) {
        assertEquals(matches, TopicFilter.matches(filter, topic));
    }

    /** [MQTT-4.7.2-1] [MQTT5-4.7.2-1] */
    @ParameterizedTest
    @CsvSource({
        "#, $SYS/monitor, false",
        "+/monitor, $SYS/monitor, false",
        "+, $SYS, false",
        "+/#, $SYS, false",
        "$SYS/#, $SYS/monitor, true",
        "$SYS/#, $SYS, true",
        "$SYS/+, $SYS/monitor, true",
        "$SYS/monitor/+, $SYS/monitor/Clients, true",
        "a/#, a/$SYS, true",
        "a/+, a/$SYS, true"
    })
    void leadingWildcardsDoNotReachTheServersOwnTopics(String filter, String topic, boolean matches) {
        assertEquals(matches, TopicFilter.matches(filter, topic));
    }

    /** [MQTT-4.7.3-4] [MQTT5-4.7.3-4] [MQTT-4.7.1-1] [MQTT5-4.7.0-1]: code unit by code unit. */
    @Test
    void comparesWithoutNormalisationOrFolding() {
        assertFalse(TopicFilter.matches("ACCOUNTS", "Accounts"));
        assertFalse(TopicFilter.matches("caf\u00e9", "cafe\u0301"));
        assertFalse(TopicFilter.matches("\u212b", "\u00c5"));
        assertTrue(TopicFilter.matches("\uD83D\uDC18/+", "\uD83D\uDC18/x"));
    }

    /** [MQTT-1.5.3-3] [MQTT5-1.5.4-3]: U+FEFF is a character like others. */
    @Test
    void keepsTheByteOrderMark() {
        assertFalse(TopicFilter.matches("a", "\uFEFFa"));
        assertTrue(TopicFilter.matches("\uFEFFa/#", "\uFEFFa"));
    }

    @Test
    void takesSharedFiltersApart() {
        assertEquals(new SharedFilter("g", "a/+/#"), SharedFilter.parse("$share/g/a/+/#"));
        assertEquals(new SharedFilter("g", "/a"), SharedFilter.parse("$share/g//a"));
        assertEquals("$share/g//a", SharedFilter.parse("$share/g//a").toString());
        assertFalse(SharedFilter.isShared("$shared/g/a"));
        assertFalse(SharedFilter.isShared("$share"));
    }

    /** [MQTT5-4.8.2-1] [MQTT5-4.8.2-2] */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "$share/",
                "$share//a",
                "$share/g",
                "$share/g/",
                "$share/g+/a",
                "$share/+/a",
                "$share/#/a",
                "$share/#",
                "$share/g/a#",
                "$share/g/a/#/b",
                "$share/g\u0000/a",
                "a/b"
            })
    void refusesMalformedSharedFilters(String text) {
        assertNotNull(SharedFilter.problem(text));
        assertThrows(IllegalArgumentException.class, () -> SharedFilter.parse(text));
    }
}
