package io.tuskmq.node.session;

import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.Event.RoutesApplied.Spread;
import io.vertx.core.Future;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers a session's question whether all nodes have its routes, or its groups it: at once, when they have, and when that takes too long for a
 * SUBACK.
 */
final class RouteQuestion {
    private static final Logger LOG = LoggerFactory.getLogger(RouteQuestion.class);
    /** What a SUBACK waits for nodes that don't answer. */
    private static final long LIMIT_MILLIS = 1_000;

    private RouteQuestion() {}

    /** On the shard; so are the answers. */
    static void ask(Future<Void> applied, Shard shard, long number, Consumer<Event.RoutesApplied> answer) {
        if (applied.succeeded()) {
            answer.accept(new Event.RoutesApplied(number, Spread.EVERYWHERE));
            return;
        }
        answer.accept(new Event.RoutesApplied(number, Spread.BEGUN));
        long limit = shard.context()
                .owner()
                .setTimer(
                        LIMIT_MILLIS,
                        timer -> shard.post(() -> {
                            LOG.debug("routes are not applied everywhere after {} ms", LIMIT_MILLIS);
                            answer.accept(new Event.RoutesApplied(number, Spread.LATE));
                        }));
        applied.onComplete(
                done -> {
                    shard.context().owner().cancelTimer(limit);
                    shard.post(() -> answer.accept(new Event.RoutesApplied(number, Spread.EVERYWHERE)));
                },
                failure -> LOG.debug("the cluster is closing: {}", failure.getMessage()));
    }
}
