package io.tuskmq.node.auth;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whether the rules allow all, some or none of the topics that a filter matches: exactly, not by comparing filters two by two.
 *
 * <p>All topics are walked through level by level at the same time. What matters of a topic's beginning is only which of the rules it fits
 * so far; so at each level one word is tried for each word that a rule has there, and one that no rule has. Two beginnings that fit the
 * same rules are one. The rules are asked wherever the filter matches, and the first that fits decides, as it will for a message.
 */
final class OverlapSearch {
    /** More of them only arise when rules are made for it; then the answer is the careful one, {@link Coverage#SOME}. */
    private static final int STATES_MAX = 20_000;

    private static final String PLUS = "+";
    private static final String HASH = "#";
    /** No level of a rule: a level has no slash. */
    private static final String UNNAMED = "/";

    /** A filter by levels, {@code #} apart. */
    private record Pattern(String[] levels, boolean open, boolean allow) {
        static Pattern of(String filter, boolean allow) {
            String[] levels = filter.split("/", -1);
            boolean open = levels[levels.length - 1].equals(HASH);
            return new Pattern(open ? java.util.Arrays.copyOf(levels, levels.length - 1) : levels, open, allow);
        }

        /** Whether a topic whose first {@code depth} levels fit, with that one, may have more. */
        boolean fits(int depth, String level) {
            if (depth == 0 && level.startsWith("$") && (levels.length == 0 || levels[0].equals(PLUS))) {
                return false; // [MQTT-4.7.2-1]
            }
            return depth < levels.length && (levels[depth].equals(PLUS) || levels[depth].equals(level));
        }
    }

    /**
     * Which patterns the beginning of a topic fits; 0 is the filter itself.
     *
     * @param alive as far as it goes
     * @param open whatever follows
     */
    private record State(int depth, BitSet alive, BitSet open) {}

    private final List<Pattern> patterns;
    private final boolean allowByDefault;
    private final Set<State> seen = new HashSet<>();
    private boolean allowed;
    private boolean denied;

    private OverlapSearch(List<Pattern> patterns, boolean allowByDefault) {
        this.patterns = patterns;
        this.allowByDefault = allowByDefault;
    }

    /** A rule's filter and what it says. */
    record Rule(String filter, boolean allow) {}

    /** @param rules in their order */
    static Coverage search(String filter, List<Rule> rules, boolean allowByDefault) {
        List<Pattern> patterns = new ArrayList<>(rules.size() + 1);
        patterns.add(Pattern.of(filter, false));
        rules.forEach(rule -> patterns.add(Pattern.of(rule.filter(), rule.allow())));
        OverlapSearch search = new OverlapSearch(patterns, allowByDefault);
        search.walk();
        if (search.allowed && search.denied) {
            return Coverage.SOME;
        }
        return search.allowed ? Coverage.ALL : Coverage.NONE;
    }

    private void walk() {
        BitSet alive = new BitSet();
        alive.set(0, patterns.size());
        List<State> waiting = new ArrayList<>();
        waiting.add(new State(0, alive, new BitSet()));
        while (!waiting.isEmpty() && !(allowed && denied)) {
            State state = waiting.removeLast();
            for (String level : levels(state)) {
                State next = next(state, level);
                boolean emptyTopic = state.depth() == 0 && level.isEmpty(); // no topic, but a beginning of some
                if (reaches(next) && seen.add(withTopic(next, emptyTopic))) {
                    if (!emptyTopic || isSettled(next)) {
                        decide(next);
                    }
                    if (!isSettled(next)) {
                        waiting.add(next);
                    }
                }
            }
            if (seen.size() > STATES_MAX) {
                allowed = true;
                denied = true;
            }
        }
    }

    /** The state of the empty level is another one than the same state by a word: nothing was decided in it. */
    private static State withTopic(State state, boolean emptyTopic) {
        return emptyTopic ? new State(-1, state.alive(), state.open()) : state;
    }

    /** The words to try next: those that rules tell apart, and one for all others. */
    private Set<String> levels(State state) {
        int depth = state.depth();
        Pattern filter = patterns.getFirst();
        boolean free = state.open().get(0) || (depth == filter.levels().length && filter.open());
        if (!free && depth >= filter.levels().length) {
            return Set.of();
        }
        if (!free && !filter.levels()[depth].equals(PLUS)) {
            return Set.of(filter.levels()[depth]);
        }
        Set<String> words = new LinkedHashSet<>();
        words.add(UNNAMED);
        for (int i = state.alive().nextSetBit(1); i >= 0; i = state.alive().nextSetBit(i + 1)) {
            String @Nullable [] levels = patterns.get(i).levels();
            if (levels != null && depth < levels.length && !levels[depth].equals(PLUS)) {
                words.add(levels[depth]);
            }
        }
        return words;
    }

    private State next(State state, String level) {
        int depth = state.depth();
        BitSet alive = new BitSet();
        BitSet open = (BitSet) state.open().clone();
        for (int i = state.alive().nextSetBit(0); i >= 0; i = state.alive().nextSetBit(i + 1)) {
            Pattern pattern = patterns.get(i);
            if (pattern.fits(depth, level)) {
                alive.set(i);
                if (pattern.open() && pattern.levels().length == depth + 1) {
                    open.set(i); // the parent level is matched too
                }
            } else if (depth == 0 && pattern.open() && pattern.levels().length == 0 && !level.startsWith("$")) {
                open.set(i);
            }
        }
        alive.andNot(open);
        return new State(depth + 1, alive, open);
    }

    /** Whether the filter can match here or further on. */
    private static boolean reaches(State state) {
        return state.alive().get(0) || state.open().get(0);
    }

    /** Whatever follows fits what it fits now. */
    private static boolean isSettled(State state) {
        return state.alive().isEmpty() && state.open().get(0);
    }

    private void decide(State state) {
        if (!matches(0, state)) {
            return;
        }
        for (int i = 1; i < patterns.size(); i++) {
            if (matches(i, state)) {
                note(patterns.get(i).allow());
                return;
            }
        }
        note(allowByDefault);
    }

    private boolean matches(int pattern, State state) {
        return state.open().get(pattern)
                || (state.alive().get(pattern) && patterns.get(pattern).levels().length == state.depth());
    }

    private void note(boolean isAllowed) {
        if (isAllowed) {
            allowed = true;
        } else {
            denied = true;
        }
    }
}
