package io.tuskmq.node.mqtt;

import io.tuskmq.cluster.rules.SharedFilter;
import io.tuskmq.cluster.rules.TopicFilter;
import io.tuskmq.cluster.rules.TopicName;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Refuses packets whose topic names and filters have not the form that MQTT 4.7 asks for. */
final class TopicChecks {
    /**
     * The most UTF-8 bytes of a topic name or filter that this broker takes; the specification allows 65,535. They are keys in
     * PostgreSQL, and an entry of its B-tree has at most 2,704 bytes.
     */
    static final int BYTES_MAX = 2_048;

    private TopicChecks() {}

    /** Whether a well-formed topic name or filter is deeper or longer than this broker takes. */
    static boolean exceeds(String topic, int levelsMax) {
        // A character is at most three bytes per UTF-16 unit, and each level but the first has its slash.
        boolean mayBeLong = topic.length() > BYTES_MAX / 3;
        return (mayBeLong && topic.getBytes(StandardCharsets.UTF_8).length > BYTES_MAX)
                || (topic.length() >= levelsMax && levels(topic) > levelsMax);
    }

    /** [MQTT-3.3.2-2] [MQTT-4.7.3-1] [MQTT5-3.3.2-2] At least one character, no wildcard. */
    static void name(String topic, String where) {
        refuse(TopicName.problem(topic), where);
    }

    /** [MQTT-4.7.1-2] [MQTT-4.7.1-3] [MQTT-4.7.3-1] Wildcards stand alone in their level, '#' in the last one. */
    static void filter(String filter) {
        refuse(TopicFilter.problem(filter), "topic filter");
    }

    /** [MQTT5-4.8.2-1] [MQTT5-4.8.2-2] */
    static SharedFilter shared(String filter) {
        refuse(SharedFilter.problem(filter), "topic filter");
        return SharedFilter.parse(filter);
    }

    private static void refuse(@Nullable String problem, String where) {
        if (problem != null) {
            throw BadPacket.malformed(where + ": " + problem);
        }
    }

    private static int levels(String topic) {
        int levels = 1;
        for (int i = topic.indexOf('/'); i >= 0; i = topic.indexOf('/', i + 1)) {
            levels++;
        }
        return levels;
    }
}
