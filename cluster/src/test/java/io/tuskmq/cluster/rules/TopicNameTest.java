package io.tuskmq.cluster.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TopicNameTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "/",
                "//",
                " ",
                "a b/c",
                "$SYS/x",
                "finance",
                "/finance",
                "Accounts payable",
                "\u00e9\uD83D\uDC18",
                "\uFEFF"
            })
    void acceptsWhatTheSpecificationAllows(String topic) {
        assertNull(TopicName.problem(topic));
    }

    /** [MQTT-3.3.2-2] [MQTT-4.7.1-1] [MQTT5-3.3.2-2] [MQTT5-4.7.0-1] */
    @ParameterizedTest
    @ValueSource(strings = {"#", "+", "a/#", "a/+/b", "a+", "a#b"})
    void refusesWildcards(String topic) {
        assertNotNull(TopicName.problem(topic));
    }

    /** [MQTT-4.7.3-1] [MQTT5-4.7.3-1] */
    @Test
    void refusesAnEmptyTopic() {
        assertNotNull(TopicName.problem(""));
        assertNotNull(TopicFilter.problem(""));
    }

    /** [MQTT-4.7.3-2] [MQTT5-4.7.3-2] [MQTT-1.5.3-2] [MQTT5-1.5.4-2] */
    @Test
    void refusesTheNullCharacter() {
        assertNotNull(TopicName.problem("a\u0000b"));
        assertNotNull(TopicFilter.problem("a/\u0000/+"));
    }

    /** [MQTT-1.5.3-1] [MQTT5-1.5.4-1] */
    @ParameterizedTest
    @ValueSource(strings = {"high", "low", "swapped", "last"})
    void refusesHalfOfASurrogatePair(String which) {
        String text = switch (which) {
            case "high" -> "a" + (char) 0xD83D + "b";
            case "low" -> "a" + (char) 0xDC18 + "b";
            case "swapped" -> "" + (char) 0xDC18 + (char) 0xD83D;
            default -> "a" + (char) 0xD83D;
        };
        assertNotNull(TopicName.problem(text));
        assertNotNull(TopicFilter.problem(text));
    }

    /** [MQTT-4.7.3-3] [MQTT5-4.7.3-3]: counted in bytes of UTF-8, not in characters. */
    @Test
    void refusesMoreBytesThanTheLengthFieldCanSay() {
        assertNull(TopicName.problem("a".repeat(65_535)));
        assertNotNull(TopicName.problem("a".repeat(65_536)));
        assertNull(TopicName.problem("\u00e9".repeat(32_767) + "a"));
        assertNotNull(TopicName.problem("\u00e9".repeat(32_768)));
        assertNull(TopicName.problem("\u20ac".repeat(21_845)));
        assertNotNull(TopicName.problem("\u20ac".repeat(21_845) + "a"));
        assertNotNull(TopicName.problem("\uD83D\uDC18".repeat(16_384)));
        assertNull(TopicName.problem("\uD83D\uDC18".repeat(16_383) + "abc"));
    }

    /** I9: our own limit. */
    @Test
    void refusesMoreLevelsThanTheLimit() {
        assertNull(TopicName.problem("/".repeat(TopicName.LEVELS_MAX - 1)));
        assertNotNull(TopicName.problem("/".repeat(TopicName.LEVELS_MAX)));
        assertNull(TopicFilter.problem("+/".repeat(TopicName.LEVELS_MAX - 1) + "#"));
        assertNotNull(TopicFilter.problem("+/".repeat(TopicName.LEVELS_MAX) + "#"));
        assertEquals("a topic of more than 201 levels", TopicName.problem("/".repeat(65_535)));
    }
}
