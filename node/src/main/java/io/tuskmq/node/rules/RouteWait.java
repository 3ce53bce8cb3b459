package io.tuskmq.node.rules;

import io.tuskmq.node.rules.Event.RoutesApplied.Spread;

/**
 * Which of a session's routes all nodes have applied. SUBACK waits for it (not for ever), and a stored session relies on forwards only
 * when a page was read after it: what is committed later is forwarded to it by every node (I2, I7).
 */
final class RouteWait {
    private final Effects effects;
    private long asked;
    private long begun;
    private long answered;
    private long applied;

    RouteWait(Effects effects) {
        this.effects = effects;
    }

    /** Routes were added: asks to be told when all nodes have them. Returns the number of this question. */
    long ask() {
        asked++;
        effects.add(new Effect.AwaitRoutes(asked));
        return asked;
    }

    void answered(Event.RoutesApplied e) {
        begun = Math.max(begun, e.number());
        if (e.spread() != Spread.BEGUN) {
            answered = Math.max(answered, e.number());
        }
        if (e.spread() == Spread.EVERYWHERE) {
            applied = Math.max(applied, e.number());
        }
    }

    /** Whether the routes are on their way: they may be everywhere at once, so nothing is read before that is known. */
    boolean isBegun() {
        return begun == asked;
    }

    /** Whether all nodes have all routes of this session. */
    boolean isComplete() {
        return applied == asked;
    }

    /** Whether the question was answered, be it by the time that it may take. */
    boolean isAnswered(long number) {
        return answered >= number;
    }
}
