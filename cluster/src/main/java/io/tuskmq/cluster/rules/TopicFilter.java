package io.tuskmq.cluster.rules;

import org.jspecify.annotations.Nullable;

/** Topic filters: their form (MQTT 4.7) and whether one matches a topic name. */
public final class TopicFilter {
    private TopicFilter() {}

    /**
     * Why this can't be a topic filter, as a phrase that a log line or a reason string can carry; null when it can be one. A
     * filter that begins with {@code $share/} has more rules: {@link SharedFilter#problem}.
     */
    public static @Nullable String problem(String filter) {
        int length = filter.length();
        for (int i = 0; i < length; i++) {
            char c = filter.charAt(i);
            if (c != '+' && c != '#') {
                continue;
            }
            boolean begins = i == 0 || filter.charAt(i - 1) == '/';
            if (c == '#' && (!begins || i != length - 1)) {
                // [MQTT-4.7.1-2] [MQTT5-4.7.1-1]
                return "a topic filter with # not alone in the last level";
            }
            if (c == '+' && (!begins || (i != length - 1 && filter.charAt(i + 1) != '/'))) {
                // [MQTT-4.7.1-3] [MQTT5-4.7.1-2]
                return "a topic filter with + not alone in its level";
            }
        }
        return TopicName.textProblem(filter);
    }

    /** Whether the filter has a wildcard. */
    public static boolean hasWildcard(String filter) {
        return filter.indexOf('+') >= 0 || filter.indexOf('#') >= 0;
    }

    /**
     * Whether the filter matches the topic name. Both must be well-formed, and the filter without {@code $share/group/}. Compares
     * code units: no normalisation, no case folding [MQTT-4.7.3-4] [MQTT5-4.7.3-4].
     */
    public static boolean matches(String filter, String topic) {
        // [MQTT-4.7.2-1] [MQTT5-4.7.2-1] a leading wildcard does not reach topics that begin with $.
        if (hidden(topic) && (filter.charAt(0) == '+' || filter.charAt(0) == '#')) {
            return false;
        }
        int f = 0;
        int t = 0;
        while (f <= filter.length()) {
            int filterEnd = levelEnd(filter, f);
            if (isLevel(filter, f, filterEnd, '#')) {
                return true; // also when the topic ended one level above: "a/#" matches "a".
            }
            if (t > topic.length()) {
                return false;
            }
            int topicEnd = levelEnd(topic, t);
            int levelLength = filterEnd - f;
            if (!isLevel(filter, f, filterEnd, '+')
                    && (levelLength != topicEnd - t || !filter.regionMatches(f, topic, t, levelLength))) {
                return false;
            }
            f = filterEnd + 1;
            t = topicEnd + 1;
        }
        return t > topic.length();
    }

    /** Topics that begin with $ are the server's own, and wildcards at the start do not reach them. */
    static boolean hidden(String topic) {
        return topic.charAt(0) == '$';
    }

    /** Where the level that begins at {@code from} ends (the index of its slash, or the length). */
    static int levelEnd(String text, int from) {
        int slash = text.indexOf('/', from);
        return slash < 0 ? text.length() : slash;
    }

    private static boolean isLevel(String filter, int from, int end, char wildcard) {
        return end == from + 1 && filter.charAt(from) == wildcard;
    }
}
