package io.tuskmq.node.mqtt;

/** The form of topic names and filters (4.7) as packets carry them; U+0000 and bad UTF-8 were refused before. */
final class TopicChecks {
    private TopicChecks() {}

    /** [MQTT-3.3.2-2] [MQTT-4.7.3-1] [MQTT5-3.3.2-2] A topic name has at least one character and no wildcard. */
    static void name(String topic, String what) {
        if (topic.isEmpty()) {
            throw BadPacket.malformed("empty " + what);
        }
        if (topic.indexOf('#') >= 0 || topic.indexOf('+') >= 0) {
            throw BadPacket.malformed("wildcard in " + what);
        }
    }

    /** [MQTT-4.7.1-2] [MQTT-4.7.1-3] [MQTT-4.7.3-1] Wildcards stand alone in their level, '#' in the last one. */
    static void filter(String filter) {
        int length = filter.length();
        if (length == 0) {
            throw BadPacket.malformed("empty topic filter");
        }
        for (int i = 0; i < length; i++) {
            char c = filter.charAt(i);
            if (c != '#' && c != '+') {
                continue;
            }
            boolean alone = (i == 0 || filter.charAt(i - 1) == '/') && (i + 1 == length || filter.charAt(i + 1) == '/');
            if (!alone || (c == '#' && i + 1 != length)) {
                throw BadPacket.malformed("misplaced wildcard in topic filter");
            }
        }
    }

    static int levels(String topic) {
        int levels = 1;
        for (int i = topic.indexOf('/'); i >= 0; i = topic.indexOf('/', i + 1)) {
            levels++;
        }
        return levels;
    }
}
