package io.tuskmq.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.LogReader.Range;
import io.tuskmq.storage.Sessions.Claim;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.StoredSubscription;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A store whose database is late, fails, or commits and loses the answer: each append is in the log once, in order, or not at all. */
final class MemoryStoreFaultsTest {
    /** Carries out one step at a time, chosen by chance; answers and work of different calls overtake each other. */
    private static final class Chance implements MemoryRunner {
        private final Random random;
        private final List<Runnable> steps = new ArrayList<>();
        private double faults;

        Chance(long seed) {
            this.random = new Random(seed);
        }

        @Override
        public <T> Future<T> run(String operation, Supplier<T> work) {
            Promise<T> answer = Promise.promise();
            steps.add(() -> {
                double fate = random.nextDouble();
                if (fate < faults) {
                    steps.add(() -> answer.fail(lost()));
                } else {
                    Future<T> result = MemoryRunner.carryOut(work);
                    steps.add(() -> {
                        if (fate < 2 * faults) {
                            answer.fail(lost());
                        } else {
                            result.onComplete(answer);
                        }
                    });
                }
            });
            return answer.future();
        }

        private static StorageException lost() {
            return new StorageException(StorageException.Kind.TRANSIENT, "lost", null);
        }

        @Override
        public void onLane(Runnable step) {
            step.run();
        }

        void runAll() {
            while (!steps.isEmpty()) {
                steps.remove(random.nextInt(steps.size())).run();
            }
        }
    }

    static IntStream seeds() {
        return IntStream.range(0, 200);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void eachAppendIsInTheLogOnceAndInOrder(int seed) {
        Chance chance = new Chance(seed);
        long[] now = {1_800_000_000_000L};
        TestFilters copy = new TestFilters();
        MemoryStore store = new MemoryStore(() -> now[0]++, chance, copy);
        Future<Leases.Lease> leased = store.leases().register("n", 1, 1_000_000);
        chance.runAll();
        long node = leased.result().incarnation();
        Future<Claimed> claimed = store.sessions().claim(new Claim("c", "p", node, 1, false, 60, false, null));
        chance.runAll();
        Claimed.Owned owned = (Claimed.Owned) claimed.result();

        chance.faults = 0.2;
        LaneEvents events = new LaneEvents();
        LaneWriter writer = store.laneWriter(leased.result().lanes().getFirst(), events);
        Random random = new Random(seed + 1_000L);
        List<String> sent = new ArrayList<>();
        List<StoredSubscription> stored = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            sent.add("m" + i);
            writer.append(TestAppend.of(copy, "t", "m" + i));
            if (i == 20) {
                // On its way at the same time: a new filter. From its commit on, each append is stored under it.
                subscribe(store, owned, stored);
            }
            if (random.nextInt(3) == 0 && !chance.steps.isEmpty()) {
                chance.steps.remove(random.nextInt(chance.steps.size())).run();
            }
            if (random.nextInt(10) == 0) {
                writer.touch();
            }
        }
        chance.runAll();
        assertEquals(sent, events.texts());
        assertTrue(!events.fenced);

        chance.faults = 0;
        StoredSubscription subscription = stored.getFirst();
        Future<LogReader.Page> page = store.log().read(List.of(new Range(subscription.filterId(), 0)), 1_000);
        chance.runAll();
        assertEquals(
                events.committed.stream()
                        .filter(append -> !subscription.start().covers(append.id()))
                        .map(TestAppend::text)
                        .toList(),
                page.result().messages().stream()
                        .filter(logged -> !subscription.start().covers(logged.id()))
                        .map(logged -> new String(logged.message().payload(), StandardCharsets.UTF_8))
                        .toList());
    }

    private static void subscribe(MemoryStore store, Claimed.Owned owned, List<StoredSubscription> stored) {
        store.sessions()
                .subscribe(
                        owned.sessionId(),
                        owned.epoch(),
                        StoreFixture.number(),
                        List.of(StoreFixture.subscription("t", 1)))
                .onSuccess(stored::addAll)
                .onFailure(lost -> subscribe(store, owned, stored));
    }
}
