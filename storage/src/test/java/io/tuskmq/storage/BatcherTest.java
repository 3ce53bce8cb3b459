package io.tuskmq.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class BatcherTest {
    private final List<List<Integer>> sent = new ArrayList<>();
    private final Deque<Promise<List<Integer>>> answers = new ArrayDeque<>();
    private final Batcher<Integer, Integer> batcher = new Batcher<>("test", new Batcher.Limits(1, 3, 5), requests -> {
        sent.add(requests);
        Promise<List<Integer>> answer = Promise.promise();
        answers.add(answer);
        return answer.future();
    });

    private void answer() {
        answers.remove().complete(sent.getLast().stream().map(i -> i * 10).toList());
    }

    private static StorageException failure(Future<?> future) {
        return (StorageException) Objects.requireNonNull(future.cause());
    }

    @Test
    void whatComesMeanwhileGoesInTheNextBatch() {
        List<Future<Integer>> futures = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            futures.add(batcher.submit(i));
        }
        assertEquals(List.of(List.of(0)), sent);
        answer();
        assertEquals(0, futures.get(0).result());
        assertFalse(futures.get(1).isComplete());
        answer();
        answer();
        assertEquals(List.of(List.of(0), List.of(1, 2, 3), List.of(4)), sent);
        assertEquals(
                List.of(0, 10, 20, 30, 40), futures.stream().map(Future::result).toList());
    }

    @Test
    void oneMoreBatchGoesOnlyWhenEnoughWait() {
        List<List<Integer>> batches = new ArrayList<>();
        List<Promise<List<Integer>>> open = new ArrayList<>();
        Batcher<Integer, Integer> two = new Batcher<>("two", new Batcher.Limits(2, 3, 9, 2), requests -> {
            batches.add(requests);
            open.add(Promise.promise());
            return open.getLast().future();
        });
        two.submit(0);
        two.submit(1);
        assertEquals(List.of(List.of(0)), batches, "one that waits goes with the next");
        two.submit(2);
        assertEquals(List.of(List.of(0), List.of(1, 2)), batches, "the first one hangs, and does not stop the others");
        Future<Integer> last = two.submit(3);
        open.get(1).complete(List.of(1, 2));
        assertEquals(2, batches.size(), "too few for one more");
        open.getFirst().complete(List.of(0));
        assertEquals(List.of(3), batches.getLast(), "none is on its way: it need not wait");
        open.getLast().complete(List.of(3));
        assertTrue(last.succeeded());
    }

    /** I9 */
    @Test
    void refusesWhatItCannotHold() {
        for (int i = 0; i < 6; i++) {
            assertFalse(batcher.submit(i).failed());
        }
        assertEquals(5, batcher.queued());
        assertEquals(
                StorageException.Kind.OVERLOADED, failure(batcher.submit(7)).kind());
    }

    @Test
    void aTransientFailureIsEverybodys() {
        batcher.submit(0);
        Future<Integer> one = batcher.submit(1);
        Future<Integer> two = batcher.submit(2);
        answer();
        answers.remove().fail(new StorageException(StorageException.Kind.TRANSIENT, "away", null));
        assertEquals(StorageException.Kind.TRANSIENT, failure(one).kind());
        assertEquals(StorageException.Kind.TRANSIENT, failure(two).kind());
    }

    @Test
    void oneFaultDoesNotFailItsNeighbours() {
        batcher.submit(0);
        Future<Integer> good = batcher.submit(1);
        Future<Integer> bad = batcher.submit(2);
        answer();
        StorageException fault = new StorageException(StorageException.Kind.PERMANENT, "bad", null);
        answers.remove().fail(fault);
        answer();
        answers.remove().fail(fault);
        assertEquals(10, good.result());
        assertEquals(StorageException.Kind.PERMANENT, failure(bad).kind());
        Future<Integer> next = batcher.submit(3);
        answer();
        assertTrue(next.succeeded());
    }

    @Test
    void aMissingAnswerIsAFailure() {
        Future<Integer> one = batcher.submit(0);
        answers.remove().complete(List.of());
        assertEquals(StorageException.Kind.PERMANENT, failure(one).kind());
    }
}
