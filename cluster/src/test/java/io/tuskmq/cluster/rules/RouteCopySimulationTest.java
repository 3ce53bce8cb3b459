package io.tuskmq.cluster.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tuskmq.cluster.rules.PeerRoutes.Verdict;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An owner, its journal as it may come out of Hazelcast (batches lost, twice, late), snapshots read while routes change and broken off, and one
 * peer. A wrong copy must never be called verified, what was acknowledged must never be taken away, and in the end both must be equal.
 */
class RouteCopySimulationTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void aWrongCopyIsNoticedAndMendedWhateverIsLost(long seed) {
        for (int run = 0; run < 60; run++) {
            long runSeed = seed * 1_000 + run;
            try {
                new World(new Random(runSeed)).run();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + runSeed, e);
            }
        }
    }

    private record Entry(String filter, int flags) {}

    private static final class World {
        private static final RouteHash HASH = new RouteHash(11, 12);
        private static final int FILTERS = 40;

        private final Random random;
        /** The owner's route tree, and changes that its journal hasn't heard of yet. */
        private final TreeMap<String, Integer> tree = new TreeMap<>();

        private final Deque<Entry> unheard = new ArrayDeque<>();
        private final RouteJournal journal = new RouteJournal(HASH);
        /** What the journal stands for after each batch, made of the batches themselves. */
        private final Map<String, Integer> owned = new TreeMap<>();

        private final Map<Long, Map<String, Integer>> history = new HashMap<>();
        private final Map<String, Long> changedAt = new HashMap<>();
        private final List<RouteBatch> ring = new ArrayList<>();
        private @Nullable RouteBatch late;

        private final PeerRoutes peer = new PeerRoutes(HASH);
        private final Map<String, Integer> copy = new TreeMap<>();
        private int position;
        private long acked;
        private boolean broken = true;

        private @Nullable String reading;
        private List<Entry> snapshot = new ArrayList<>();
        private long base;
        private int snapshotPosition;
        private int arrived = -1;
        private boolean faults = true;

        World(Random random) {
            this.random = random;
            history.put(0L, Map.of());
        }

        void run() {
            for (int step = 0; step < 600; step++) {
                step(random.nextInt(8));
                check();
            }
            faults = false;
            while (!unheard.isEmpty()) {
                hear();
            }
            while (journal.isWaiting()) {
                write();
            }
            for (int round = 0; round < 300; round++) {
                snapshotStep();
                read();
                if (round % 20 == 0) {
                    told(peer.owner(journal.sequence(), journal.digest()));
                }
                check();
            }
            assertEquals(journal.sequence(), peer.verified());
            assertEquals(tree, copy);
        }

        private void step(int kind) {
            switch (kind) {
                case 0, 1 -> mutate();
                case 2 -> hear();
                case 3 -> write();
                case 4 -> read();
                case 5 -> {
                    if (random.nextInt(4) == 0) {
                        told(peer.owner(journal.sequence(), journal.digest()));
                    }
                }
                default -> snapshotStep();
            }
        }

        private void mutate() {
            Entry change = new Entry("f/" + random.nextInt(FILTERS), random.nextInt(4));
            if (change.flags == 0) {
                tree.remove(change.filter);
            } else {
                tree.put(change.filter, change.flags);
            }
            unheard.add(change);
        }

        private void hear() {
            Entry change = unheard.poll();
            if (change != null) {
                journal.change(change.filter, change.flags);
                changedAt.put(change.filter, journal.target());
            }
        }

        private void write() {
            if (!journal.isWaiting()) {
                return;
            }
            RouteBatch batch = journal.next();
            for (RouteChange change : batch.changes()) {
                apply(owned, change.filter(), change.flags());
            }
            history.put(batch.sequence(), new TreeMap<>(owned));
            int fate = faults ? random.nextInt(20) : 19;
            switch (fate) {
                case 0 -> {} // lost
                case 1 -> {
                    ring.add(batch);
                    ring.add(batch);
                }
                case 2 -> late = batch;
                default -> ring.add(batch);
            }
            if (late != null && late.sequence() != batch.sequence() && random.nextInt(3) == 0) {
                ring.add(late);
                late = null;
            }
        }

        /** Not while a snapshot arrives; also overrun now and then. */
        private void read() {
            if (arrived >= 0 || position >= ring.size()) {
                return;
            }
            if (faults && random.nextInt(30) == 0) {
                position = ring.size();
                return;
            }
            told(peer.batch(ring.get(position++), this::pass));
        }

        private void snapshotStep() {
            if (arrived >= 0) {
                arrive();
            } else if (reading != null) {
                readTree();
            } else if (broken) {
                base = journal.sequence();
                snapshotPosition = ring.size();
                snapshot = new ArrayList<>();
                reading = "";
            }
        }

        private void readTree() {
            for (int i = random.nextInt(10); i >= 0; i--) {
                reading = tree.higherKey(reading);
                if (reading == null) {
                    peer.snapshotBegins(base, journal.target());
                    arrived = 0;
                    return;
                }
                int flags = journal.flags(reading);
                if (flags != 0) {
                    snapshot.add(new Entry(reading, flags));
                }
            }
        }

        private void arrive() {
            for (int i = random.nextInt(10); i >= 0; i--) {
                if (arrived == snapshot.size()) {
                    peer.snapshotEnds(each -> new TreeMap<>(copy).forEach(each::accept), this::pass);
                    arrived = -1;
                    broken = false;
                    position = snapshotPosition;
                    return;
                }
                if (faults && random.nextInt(60) == 0) {
                    peer.snapshotBreaks();
                    arrived = -1;
                    broken = true;
                    return;
                }
                Entry entry = snapshot.get(arrived++);
                peer.snapshotEntry(entry.filter, entry.flags, this::pass);
            }
        }

        private void told(Verdict verdict) {
            if (verdict == Verdict.BROKEN) {
                broken = true;
            }
        }

        private void check() {
            long verified = peer.verified();
            if (verified > 0) {
                assertEquals(history.get(verified), copy, "verified at " + verified);
                acked = Math.max(acked, verified);
            }
            owned.forEach((filter, flags) -> {
                boolean settled = changedAt.getOrDefault(filter, 0L) <= acked;
                if (settled && unheard.stream().noneMatch(change -> change.filter.equals(filter))) {
                    assertEquals(flags, copy.get(filter), "acknowledged: " + filter);
                }
            });
        }

        private void pass(String filter, int flags) {
            apply(copy, filter, flags);
        }

        private static void apply(Map<String, Integer> map, String filter, int flags) {
            if (flags == 0) {
                map.remove(filter);
            } else {
                map.put(filter, flags);
            }
        }
    }
}
