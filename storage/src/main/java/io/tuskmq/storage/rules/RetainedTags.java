package io.tuskmq.storage.rules;

import java.util.ArrayList;
import java.util.List;

/**
 * The tags under which a retained message is found by a filter with an early wildcard: {@code position:level} for the first levels of
 * its topic, as in {@code 0:site 1:5 2:dev}. What the tags select is a superset of what the filter matches: deep levels have no tag and
 * long ones only a shortened tag (an index entry of PostgreSQL has a limit of 2,704 bytes), so the caller matches again.
 */
public final class RetainedTags {
    /** Levels after these have no tag: a topic may have 65,536 levels, an index should not. */
    public static final int LEVELS_MAX = 32;

    /** Characters of a level that its tag keeps. */
    public static final int LEVEL_CHARS_MAX = 64;

    private RetainedTags() {}

    /** The tags of a topic name. */
    public static String[] of(String topic) {
        return tags(topic, false);
    }

    /** The tags that every topic matching the filter has; empty when its first levels are all wildcards. */
    public static String[] ofFilter(String filter) {
        return tags(filter, true);
    }

    private static String[] tags(String levels, boolean isFilter) {
        List<String> tags = new ArrayList<>();
        int from = 0;
        for (int position = 0; position < LEVELS_MAX && from <= levels.length(); position++) {
            int slash = levels.indexOf('/', from);
            int end = slash < 0 ? levels.length() : slash;
            String level = levels.substring(from, end);
            if (!isFilter || !isWildcard(level)) {
                tags.add(position + ":" + shortened(level));
            }
            from = end + 1;
        }
        return tags.toArray(String[]::new);
    }

    private static boolean isWildcard(String level) {
        return level.equals("+") || level.equals("#");
    }

    /** Never cuts a surrogate pair in two: PostgreSQL takes only well-formed text. */
    private static String shortened(String level) {
        if (level.length() <= LEVEL_CHARS_MAX) {
            return level;
        }
        int end = Character.isHighSurrogate(level.charAt(LEVEL_CHARS_MAX - 1)) ? LEVEL_CHARS_MAX - 1 : LEVEL_CHARS_MAX;
        return level.substring(0, end);
    }
}
