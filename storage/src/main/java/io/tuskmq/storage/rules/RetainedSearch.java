package io.tuskmq.storage.rules;

/**
 * How the retained messages for a filter are looked up: by topic, by a range of topics in the order of bytes, or, when a wildcard comes
 * early, by whichever of range and tags is the shorter way (only the database can tell). Each finds every topic that the filter
 * matches, and perhaps others.
 */
public sealed interface RetainedSearch {
    /** No wildcard: one topic. */
    record Exact(String topic) implements RetainedSearch {}

    /**
     * A range of topics.
     *
     * @param parent one more topic, since {@code a/#} matches {@code a}; equal to {@code from} when there is none
     * @param from the lowest topic, inclusive; all begin with it
     * @param to the bound above, exclusive; empty = none
     * @param tags what else the topics have; empty when nothing is known
     * @param withoutDollar true when topics beginning with $ don't match [MQTT-4.7.2-1]
     */
    record Range(String parent, String from, String to, String[] tags, boolean withoutDollar)
            implements RetainedSearch {}

    /** The search for a well-formed filter, without a {@code $share/group/}. */
    static RetainedSearch of(String filter) {
        int wildcard = firstWildcard(filter);
        if (wildcard < 0) {
            return new Exact(filter);
        }
        String prefix = filter.substring(0, wildcard);
        boolean onlyPrefix = filter.endsWith("#") && wildcard == filter.length() - 1;
        String parent = onlyPrefix && wildcard > 0 ? filter.substring(0, wildcard - 1) : prefix;
        String[] tags = onlyPrefix ? new String[0] : RetainedTags.ofFilter(filter);
        return new Range(parent, prefix, bound(prefix), tags, wildcard == 0);
    }

    private static int firstWildcard(String filter) {
        int plus = filter.indexOf('+');
        int hash = filter.indexOf('#');
        return plus < 0 || hash < 0 ? Math.max(plus, hash) : Math.min(plus, hash);
    }

    /** The prefix ends with '/', and '0' is the character after it. */
    private static String bound(String prefix) {
        return prefix.isEmpty() ? "" : prefix.substring(0, prefix.length() - 1) + '0';
    }
}
