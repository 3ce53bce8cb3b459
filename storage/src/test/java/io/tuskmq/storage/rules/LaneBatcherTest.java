package io.tuskmq.storage.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Append;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.rules.LaneBatcher.Action;
import io.tuskmq.storage.rules.LaneBatcher.Batch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LaneBatcherTest {
    private static final int LANE = 3;
    private static final long OWNER = 9;
    private static final LaneBatcher.Limits LIMITS = new LaneBatcher.Limits(10, 2_000);

    /** The filter set as this node knows it: at version v the filters 1 to v match everything. */
    private static final class Copy {
        long version = 1;
    }

    private static final class Numbered extends Append {
        final int number;
        final Copy copy;
        final boolean refusable;
        long version;

        Numbered(int number, Copy copy, boolean refusable, int payloadBytes) {
            super(Message.of("t", new byte[payloadBytes], 1, false), null, 0);
            this.number = number;
            this.copy = copy;
            this.refusable = refusable;
            match();
        }

        @Override
        public void match() {
            version = copy.version;
        }

        @Override
        public long[] filterIds() {
            return new long[] {version};
        }

        @Override
        public long filtersVersion() {
            return version;
        }
    }

    private static LaneBatcher batcher() {
        return new LaneBatcher(LANE, OWNER, 0, LIMITS);
    }

    /** Nothing else may come between: the publishers' order stands. */
    @Test
    void aBatchWhoseIdsAreTooLowIsFormedAnewAboveThem() {
        LaneBatcher batcher = batcher();
        Copy copy = new Copy();
        batcher.add(new Numbered(0, copy, false, 0));
        batcher.add(new Numbered(1, copy, false, 0));
        Batch low = sent(batcher.next(1_700_000_000_000L));
        batcher.add(new Numbered(2, copy, false, 0));
        long floor = LogId.first(1_700_000_060_000L, 500) + 7;
        Batch again = sent(batcher.tooLow(floor, 1_700_000_000_001L));
        assertEquals(low.oldHead(), again.oldHead(), "the database's head has not moved");
        assertEquals(
                List.of(0, 1, 2),
                again.appends().stream().map(a -> ((Numbered) a).number).toList());
        assertTrue(again.appends().stream().allMatch(a -> a.id() > floor && LogId.laneOf(a.id()) == LANE));
        assertTrue(again.appends().getLast().id() == again.newHead());
    }

    @Test
    void whatComesWhileABatchIsOnItsWayGoesInTheNextOne() {
        LaneBatcher batcher = batcher();
        Copy copy = new Copy();
        batcher.add(new Numbered(0, copy, false, 0));
        Batch first = sent(batcher.next(1_700_000_000_000L));
        assertEquals(1, first.appends().size());
        for (int i = 1; i <= 15; i++) {
            batcher.add(new Numbered(i, copy, false, 0));
        }
        assertEquals(List.of(), batcher.next(1_700_000_000_000L));
        List<Action> actions = batcher.committed(Set.of(), 1_700_000_000_000L);
        assertInstanceOf(Action.Committed.class, actions.getFirst());
        Batch second = sent(actions);
        assertEquals(10, second.appends().size());
        assertEquals(first.newHead(), second.oldHead());
        assertEquals(
                5,
                sent(batcher.committed(Set.of(), 1_700_000_000_000L)).appends().size());
    }

    @Test
    void aBatchIsBoundedInBytesButAlwaysHasOneAppend() {
        LaneBatcher batcher = batcher();
        Copy copy = new Copy();
        for (int i = 0; i < 3; i++) {
            batcher.add(new Numbered(i, copy, false, 1_500));
        }
        batcher.add(new Numbered(3, copy, false, 5_000));
        for (int i = 0; i < 4; i++) {
            List<Action> actions = i == 0 ? batcher.next(0) : batcher.committed(Set.of(), 0);
            assertEquals(1, sent(actions).appends().size());
        }
    }

    @Test
    void theOneAtFaultIsRefusedAndTheOthersAreStored() {
        LaneBatcher batcher = batcher();
        Copy copy = new Copy();
        for (int i = 0; i < 3; i++) {
            batcher.add(new Numbered(i, copy, false, 0));
        }
        batcher.next(0);
        List<Integer> stored = new ArrayList<>();
        List<Integer> refused = new ArrayList<>();
        List<Action> actions = batcher.rejected(0);
        while (!actions.isEmpty()) {
            for (Action action : actions) {
                if (action instanceof Action.Committed(List<Append> appends, long head)) {
                    appends.forEach(a -> stored.add(((Numbered) a).number));
                } else if (action instanceof Action.Refused(Append append)) {
                    refused.add(((Numbered) append).number);
                }
            }
            if (!(actions.getLast() instanceof Action.Send(Batch batch))) {
                break;
            }
            assertEquals(1, batch.appends().size());
            actions = ((Numbered) batch.appends().getFirst()).number == 1
                    ? batcher.rejected(0)
                    : batcher.committed(Set.of(), 0);
        }
        assertEquals(List.of(0, 2), stored);
        assertEquals(List.of(1), refused);
    }

    private static Batch sent(List<Action> actions) {
        return assertInstanceOf(Action.Send.class, actions.getLast()).batch();
    }

    /** A lane as the database has it, and a connection that loses answers and carries requests out late. */
    private static final class Simulation {
        private record Request(
                List<Long> ids, List<Integer> numbers, List<Long> versions, Set<Long> refusable, long old, long head) {}

        final Random random;
        final Copy copy = new Copy();
        final LaneBatcher batcher = batcher();
        final List<Integer> log = new ArrayList<>();
        final List<Long> ids = new ArrayList<>();
        final List<Integer> told = new ArrayList<>();
        final Set<Integer> refusedTold = new HashSet<>();
        final Queue<Request> late = new ArrayDeque<>();
        final Queue<Action> todo = new ArrayDeque<>();
        long now = 1_700_000_000_000L;
        long owner = OWNER;
        long version = 1;
        long head;
        Set<Long> refused = Set.of();
        boolean fenced;

        Simulation(long seed) {
            random = new Random(seed);
        }

        void run(int appends) {
            int added = 0;
            while (!fenced && (added < appends || !batcher.isIdle() || !todo.isEmpty())) {
                now += random.nextInt(3) - (random.nextInt(50) == 0 ? 5_000 : 0);
                for (int i = random.nextInt(8); i > 0 && added < appends; i--) {
                    batcher.add(new Numbered(added++, copy, random.nextInt(20) == 0, random.nextInt(400)));
                }
                if (random.nextInt(10) == 0) {
                    version++;
                }
                if (random.nextInt(30) == 0) {
                    batcher.touch();
                }
                if (random.nextInt(4) == 0 && !late.isEmpty()) {
                    carryOut(late.remove());
                }
                todo.addAll(batcher.next(now));
                if (!todo.isEmpty()) {
                    todo.addAll(perform(todo.remove()));
                }
            }
        }

        private List<Action> perform(Action action) {
            return switch (action) {
                case Action.Send(Batch batch) -> send(batch);
                case Action.CatchUp() -> {
                    copy.version = version;
                    yield batcher.caughtUp(version);
                }
                case Action.ReadHead() ->
                    random.nextInt(3) == 0 ? batcher.unknown() : batcher.headRead(owner, head, refused, now);
                case Action.MakePartitions(Batch batch) -> batcher.tryAgain();
                case Action.Committed(List<Append> appends, long toldHead) -> {
                    // I1: nothing is told before the database has it.
                    for (Append append : appends) {
                        assertTrue(ids.contains(append.id()), "told but not in the log: " + append.id());
                        told.add(((Numbered) append).number);
                    }
                    yield List.of();
                }
                case Action.Refused(Append append) -> {
                    refusedTold.add(((Numbered) append).number);
                    yield List.of();
                }
                case Action.Fenced() -> {
                    fenced = true;
                    yield List.of();
                }
            };
        }

        private List<Action> send(Batch batch) {
            Set<Long> refusable = new HashSet<>();
            batch.appends().stream().filter(a -> ((Numbered) a).refusable).forEach(a -> refusable.add(a.id()));
            Request request = new Request(
                    batch.appends().stream().map(Append::id).toList(),
                    batch.appends().stream().map(a -> ((Numbered) a).number).toList(),
                    batch.appends().stream().map(Append::filtersVersion).toList(),
                    refusable,
                    batch.oldHead(),
                    batch.newHead());
            int fate = random.nextInt(12);
            if (fate == 1) {
                late.add(request);
            }
            if (fate <= 1) {
                return batcher.unknown();
            }
            if (fate <= 3) {
                return fate == 2 ? batcher.tryAgain() : batcher.noPartition();
            }
            int status = carryOut(request);
            if (fate == 4) {
                return batcher.unknown();
            }
            return switch (status) {
                case 0 -> batcher.committed(refused, now);
                case 1 -> batcher.stale();
                default -> batcher.unknown();
            };
        }

        private int carryOut(Request request) {
            if (owner != OWNER || head != request.old()) {
                return 2;
            }
            if (request.versions().stream().anyMatch(v -> v < version)) {
                return 1;
            }
            refused = request.refusable();
            for (int i = 0; i < request.ids().size(); i++) {
                if (!refused.contains(request.ids().get(i))) {
                    log.add(request.numbers().get(i));
                    ids.add(request.ids().get(i));
                }
            }
            head = request.head();
            return 0;
        }
    }

    /** I2, I6: whatever is lost or late, each append is in the log once or refused, in order, with rising ids. */
    @Test
    void appendsAreStoredOnceAndInOrderWhateverAnswersAreLost() {
        for (long seed = 1; seed <= 1_000; seed++) {
            Simulation simulation = new Simulation(seed);
            simulation.run(150);
            String run = "seed " + seed;
            assertEquals(simulation.log, simulation.told, run);
            assertEquals(150, simulation.told.size() + simulation.refusedTold.size(), run);
            assertEquals(simulation.log.stream().sorted().distinct().toList(), simulation.log, run);
            assertEquals(simulation.ids.stream().sorted().distinct().toList(), simulation.ids, run);
            assertTrue(simulation.ids.stream().allMatch(id -> LogId.laneOf(id) == LANE), run);
        }
    }

    /** I4: once the lane has another owner, nothing is told as committed that came after. */
    @Test
    void aFencedLaneTellsSoAndStoresNothingMore() {
        for (long seed = 1; seed <= 300; seed++) {
            Simulation simulation = new Simulation(seed);
            simulation.run(20);
            simulation.owner = OWNER + 1;
            int before = simulation.log.size();
            simulation.run(50);
            assertTrue(simulation.fenced, "seed " + seed);
            assertEquals(before, simulation.log.size(), "seed " + seed);
            assertEquals(before, simulation.told.size(), "seed " + seed);
        }
    }
}
