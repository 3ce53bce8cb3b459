package io.tuskmq.storage;

import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Splits a batch so that no key comes twice in one call: what comes later in the batch goes in a later round. */
final class Rounds {
    private Rounds() {}

    /**
     * Calls with the requests of each round, one round after the other.
     *
     * @param call answers the requests of one round, in their order
     * @return the answers in the order of the batch
     */
    static <Q, R> Future<List<R>> run(List<Q> batch, Function<Q, Object> key, Function<List<Q>, Future<List<R>>> call) {
        Map<Object, Integer> seen = new HashMap<>();
        List<List<Integer>> rounds = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            int round = seen.merge(key.apply(batch.get(i)), 1, Integer::sum) - 1;
            if (round == rounds.size()) {
                rounds.add(new ArrayList<>());
            }
            rounds.get(round).add(i);
        }
        if (rounds.size() == 1) {
            return call.apply(batch);
        }
        @Nullable Object[] answers = new Object[batch.size()];
        Future<Void> chain = Future.succeededFuture();
        for (List<Integer> round : rounds) {
            chain = chain.compose(
                            done -> call.apply(round.stream().map(batch::get).toList()))
                    .map(some -> {
                        for (int i = 0; i < some.size(); i++) {
                            answers[round.get(i)] = some.get(i);
                        }
                        return null;
                    });
        }
        return chain.map(done -> {
            @SuppressWarnings("unchecked") // each element was put there as an answer of this type
            List<R> all = (List<R>) Arrays.asList(answers);
            return all;
        });
    }
}
