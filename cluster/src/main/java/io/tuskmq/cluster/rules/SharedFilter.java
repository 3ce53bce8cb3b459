package io.tuskmq.cluster.rules;

import org.jspecify.annotations.Nullable;

/**
 * The filter of a shared subscription, {@code $share/group/filter} (MQTT 5, 4.8.2), in its two parts.
 *
 * @param group the ShareName; subscribers of one group and filter share its messages
 * @param filter an ordinary topic filter
 */
public record SharedFilter(String group, String filter) {
    private static final String PREFIX = "$share/";

    /** Whether this is meant as a shared subscription [MQTT5-4.8.2-1]; it may still be malformed. */
    public static boolean isShared(String text) {
        return text.startsWith(PREFIX);
    }

    /** Why this can't be the filter of a shared subscription; null when it can be one. */
    public static @Nullable String problem(String text) {
        if (!isShared(text)) {
            return "a shared subscription that does not begin with $share/";
        }
        int slash = text.indexOf('/', PREFIX.length());
        int groupEnd = slash < 0 ? text.length() : slash;
        if (groupEnd == PREFIX.length()) {
            // [MQTT5-4.8.2-1]
            return "a shared subscription without a group";
        }
        if (TopicFilter.hasWildcard(text.substring(PREFIX.length(), groupEnd))) {
            // [MQTT5-4.8.2-2]
            return "a shared subscription with a wildcard in the group";
        }
        if (slash < 0 || slash + 1 == text.length()) {
            // [MQTT5-4.8.2-2]
            return "a shared subscription without a filter";
        }
        String problem = TopicFilter.problem(text.substring(slash + 1));
        return problem != null ? problem : TopicName.textProblem(text);
    }

    /** Takes a well-formed one apart; anything else is an {@link IllegalArgumentException}. */
    public static SharedFilter parse(String text) {
        String problem = problem(text);
        if (problem != null) {
            throw new IllegalArgumentException(problem);
        }
        int slash = text.indexOf('/', PREFIX.length());
        return new SharedFilter(text.substring(PREFIX.length(), slash), text.substring(slash + 1));
    }

    /** As it was written in the SUBSCRIBE. */
    @Override
    public String toString() {
        return PREFIX + group + "/" + filter;
    }
}
