package io.tuskmq.node.session;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;

/** One CONNECT at a time for each client id, in the order they came. */
final class ClientTurns {
    private final Map<String, Queue<Promise<Void>>> waiting = new ConcurrentHashMap<>();

    /** Completes when it is this caller's turn; {@link #end} must follow. Completes on any thread. */
    Future<Void> begin(String clientId) {
        Promise<Void> turn = Promise.promise();
        waiting.compute(clientId, (id, queue) -> {
            if (queue == null) {
                turn.complete();
                return new ArrayDeque<>(0);
            }
            queue.add(turn);
            return queue;
        });
        return turn.future();
    }

    /** Gives the turn to the next one. */
    void end(String clientId) {
        Promise<?>[] next = new Promise<?>[1];
        waiting.computeIfPresent(clientId, (id, queue) -> {
            next[0] = queue.poll();
            return next[0] == null ? null : queue;
        });
        if (next[0] != null) {
            next[0].complete(null);
        }
    }

    /** Completes when all who have a turn or wait for one now have had it. */
    Future<Void> had() {
        List<Future<Void>> behindEach = new ArrayList<>();
        for (String clientId : List.copyOf(waiting.keySet())) {
            behindEach.add(begin(clientId).onSuccess(turn -> end(clientId)));
        }
        return Future.join(behindEach).mapEmpty();
    }
}
