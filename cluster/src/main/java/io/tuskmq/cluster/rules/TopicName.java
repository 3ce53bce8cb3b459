package io.tuskmq.cluster.rules;

import org.jspecify.annotations.Nullable;

/** Topic names: the form that MQTT 4.7 asks of the topic of a PUBLISH, a will or a response. */
public final class TopicName {
    /** The most bytes that a topic name or filter may have in UTF-8: its length is two bytes on the wire. */
    public static final int UTF8_BYTES_MAX = 65_535;

    /**
     * The most levels that a topic name or filter may have. The specification sets no limit; ours keeps hostile topics from
     * making deep trees and wide rows. (Mosquitto allows 200 slashes too.)
     */
    public static final int LEVELS_MAX = 201;

    private TopicName() {}

    /** Why this can't be a topic name, as a phrase that a log line or a reason string can carry; null when it can be one. */
    public static @Nullable String problem(String topic) {
        // [MQTT-3.3.2-2] [MQTT-4.7.1-1] [MQTT5-3.3.2-2] [MQTT5-4.7.0-1] wildcards are for filters only.
        if (topic.indexOf('+') >= 0 || topic.indexOf('#') >= 0) {
            return "a topic name with a wildcard";
        }
        return textProblem(topic);
    }

    /** What topic names and filters have in common. */
    static @Nullable String textProblem(String text) {
        if (text.isEmpty()) {
            // [MQTT-4.7.3-1] [MQTT5-4.7.3-1]
            return "an empty topic";
        }
        if (text.length() > UTF8_BYTES_MAX) {
            return "a topic of more than 65,535 bytes";
        }
        int bytes = 0;
        int levels = 1;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == 0) {
                // [MQTT-4.7.3-2] [MQTT5-4.7.3-2] [MQTT-1.5.3-2] [MQTT5-1.5.4-2]
                return "a topic with U+0000";
            }
            if (c == '/') {
                levels++;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
                bytes += 4;
            } else if (Character.isSurrogate(c)) {
                // [MQTT-1.5.3-1] [MQTT5-1.5.4-1]
                return "a topic with half of a surrogate pair";
            } else {
                bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
            }
        }
        if (bytes > UTF8_BYTES_MAX) {
            // [MQTT-4.7.3-3] [MQTT5-4.7.3-3]
            return "a topic of more than 65,535 bytes";
        }
        return levels > LEVELS_MAX ? "a topic of more than 201 levels" : null;
    }
}
