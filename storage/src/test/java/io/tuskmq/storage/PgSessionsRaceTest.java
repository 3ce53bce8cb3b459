package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.HOUR;
import static io.tuskmq.storage.StoreFixture.claim;
import static io.tuskmq.storage.StoreFixture.clean;
import static io.tuskmq.storage.StoreFixture.expiring;
import static io.tuskmq.storage.StoreFixture.forced;
import static io.tuskmq.storage.StoreFixture.get;
import static io.tuskmq.storage.StoreFixture.message;
import static io.tuskmq.storage.StoreFixture.number;
import static io.tuskmq.storage.StoreFixture.release;
import static io.tuskmq.storage.StoreFixture.subscription;
import static io.tuskmq.storage.StoreFixture.withWill;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.StoredSubscription;
import io.tuskmq.storage.Sessions.SubscriptionKey;
import io.tuskmq.storage.Sessions.WillAction;
import io.tuskmq.storage.Wills.DueWill;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What two nodes do to the same sessions at the same time, on PostgreSQL. */
@ExtendWith(PostgresExtension.class)
final class PgSessionsRaceTest {
    @SuppressWarnings("NullAway.Init")
    private PgFixture a;

    @SuppressWarnings("NullAway.Init")
    private PgFixture b;

    private long nodeA;
    private long nodeB;

    @BeforeEach
    void open(TestDatabase database) {
        a = new PgFixture(database);
        b = new PgFixture(database);
        nodeA = a.node();
        nodeB = b.node();
    }

    @AfterEach
    void close() {
        a.close();
        b.close();
    }

    /** I4, I5: two nodes claim at once, again and again; only the later one's epoch writes anything. */
    @Test
    void onlyOneOfTwoClaimsHoldsTheSession() {
        for (int round = 0; round < 40; round++) {
            String clientId = "client" + round % 7;
            Future<Claimed> one = a.sessions().claim(forced(claim(clientId, nodeA)));
            Future<Claimed> two = b.sessions().claim(forced(claim(clientId, nodeB)));
            Claimed.Owned byA = (Claimed.Owned) get(one);
            Claimed.Owned byB = (Claimed.Owned) get(two);
            assertEquals(byA.sessionId(), byB.sessionId());
            assertNotEquals(byA.epoch(), byB.epoch());
            boolean aWon = byA.epoch() > byB.epoch();
            assertEquals(aWon, writes(a, nodeA, byA), "round " + round);
            assertEquals(!aWon, writes(b, nodeB, byB), "round " + round);
        }
        assertEquals(7, get(a.sessions().count()));
    }

    /** Whether a checkpoint, a QoS 2 append and the end of its handshake come through; all or none. */
    private static boolean writes(PgFixture store, long node, Claimed.Owned owned) {
        boolean checkpoint = get(store.sessions().checkpoint(StoreFixture.checkpoint(owned), true));
        boolean append = store.append(
                node, message("x", ""), new Append.Receipt(owned.sessionId(), owned.epoch(), number(), 5), 0);
        boolean forget = get(store.sessions().forgetReceipt(owned.sessionId(), owned.epoch(), number(), 5));
        assertEquals(checkpoint, append);
        assertEquals(checkpoint, forget);
        return checkpoint;
    }

    /** One node's lane under load; remembers the id of each committed message by its topic. */
    private static final class Publisher implements LaneListener {
        final TestFilters filters = new TestFilters();
        final Map<String, TreeSet<Long>> committed = new ConcurrentHashMap<>();
        private final Semaphore room = new Semaphore(64);
        private final LaneWriter writer;

        Publisher(PgFixture fixture) {
            PgStore store = PgStore.open(fixture.vertx, fixture.database.url(), PgFixture.PATIENT, filters);
            Leases.Lease lease = get(store.leases().register("publisher", 1, HOUR * 1_000));
            writer = store.laneWriter(lease.lanes().getFirst(), this);
        }

        void publish(String topic) throws InterruptedException {
            room.acquire();
            writer.append(TestAppend.of(filters, topic, "x"));
        }

        @Override
        public void committed(List<Append> batch, long head) {
            for (Append append : batch) {
                committed
                        .computeIfAbsent(append.message().topic(), t -> new TreeSet<>())
                        .add(append.id());
            }
            room.release(batch.size());
        }

        @Override
        public void refused(Append append) {
            throw new AssertionError("refused");
        }

        @Override
        public void drained() {}

        @Override
        public void fenced() {
            throw new AssertionError("fenced");
        }
    }

    /** I7: whatever is committed above the start of a subscription lies under its filter. */
    @Test
    void aSubscriptionMissesNoAppendAboveItsStart() throws Exception {
        int topics = 30;
        List<Publisher> publishers = List.of(new Publisher(a), new Publisher(b), new Publisher(b));
        AtomicBoolean stop = new AtomicBoolean();
        List<StoredSubscription> stored = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var running = publishers.stream()
                    .map(publisher -> threads.submit(() -> {
                        for (int n = 0; !stop.get(); n++) {
                            publisher.publish("topic" + n % topics);
                        }
                        return null;
                    }))
                    .toList();
            try {
                Claimed.Owned one = a.own(claim("one", nodeA));
                Claimed.Owned two = b.own(claim("two", nodeB));
                for (int t = 0; t < topics; t++) {
                    var first = a.sessions().subscribe(one.sessionId(), one.epoch(), number(), asked(t));
                    var second = b.sessions().subscribe(two.sessionId(), two.epoch(), number(), asked(t));
                    stored.addAll(get(first));
                    stored.addAll(get(second));
                    // An unused filter goes and comes back with another id: then nothing may be missed either.
                    get(a.sessions()
                            .unsubscribe(
                                    one.sessionId(),
                                    one.epoch(),
                                    number(),
                                    List.of(new SubscriptionKey("topic" + t % 3, ""))));
                    get(b.store().filters().removeUnused(10));
                }
            } finally {
                stop.set(true);
            }
            for (var thread : running) {
                thread.get();
            }
        }
        for (Publisher publisher : publishers) {
            get(publisher.writer.close());
        }
        int checked = 0;
        for (StoredSubscription s : stored) {
            TreeSet<Long> expected = new TreeSet<>();
            publishers.forEach(p -> expected.addAll(p.committed.getOrDefault(s.filter(), new TreeSet<>())));
            expected.removeIf(s.start()::covers);
            TreeSet<Long> found = new TreeSet<>();
            a.database
                    .query("SELECT id FROM log WHERE filter_id = " + s.filterId())
                    .forEach(id -> found.add(Long.parseLong(id)));
            found.removeIf(s.start()::covers);
            assertEquals(expected, found, s.toString());
            checked += expected.size();
        }
        assertTrue(checked > 1_000, "too little traffic to tell anything: " + checked);
    }

    private static List<StoredSubscription> asked(int topic) {
        return List.of(subscription("topic" + topic, 1));
    }

    /** I8 */
    @Test
    void twoNodesPublishEachWillOnce() throws Exception {
        int wills = 150;
        IntStream.range(0, wills)
                .mapToObj(i -> a.sessions().claim(withWill(expiring(clean(claim("c" + i, nodeA)), 0), 0)))
                .toList()
                .forEach(StoreFixture::get);
        a.endNode(nodeA);
        Map<Long, Integer> published = new ConcurrentHashMap<>();
        long survivor = a.node();
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            var one = threads.submit(() -> sweep(a, survivor, published));
            var two = threads.submit(() -> sweep(b, nodeB, published));
            one.get();
            two.get();
        }
        assertEquals(wills, published.size());
        assertTrue(published.values().stream().allMatch(times -> times == 1), published.toString());
        assertEquals(List.of(), get(a.wills().due(10)));
    }

    private static void sweep(PgFixture store, long node, Map<Long, Integer> published) {
        List<DueWill> due = get(store.wills().due(20));
        while (!due.isEmpty()) {
            for (DueWill will : due) {
                if (store.append(node, will.message(), null, will.willId())) {
                    published.merge(will.willId(), 1, Integer::sum);
                }
            }
            due = get(store.wills().due(20));
        }
    }

    @Test
    void aSweepNeverEndsAClaimedSession() throws Exception {
        int clients = 120;
        List<Claimed.Owned> old =
                IntStream.range(0, clients).mapToObj(i -> a.sessions().claim(claim("c" + i, nodeA))).toList().stream()
                        .map(future -> (Claimed.Owned) get(future))
                        .toList();
        old.stream()
                .map(owned -> a.sessions().release(release(owned, 10, new WillAction.Nothing())))
                .toList()
                .forEach(future -> assertTrue(get(future)));
        a.passSeconds(11);
        AtomicBoolean stop = new AtomicBoolean();
        List<Claimed.Owned> fresh;
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            var sweeps = List.of(a, b).stream()
                    .map(store -> threads.submit(() -> {
                        while (!stop.get()) {
                            get(store.sessions().endExpired(7));
                        }
                    }))
                    .toList();
            try {
                fresh =
                        IntStream.range(0, clients)
                                .mapToObj(i -> b.sessions().claim(claim("c" + i, nodeB)))
                                .toList()
                                .stream()
                                .map(future -> (Claimed.Owned) get(future))
                                .toList();
            } finally {
                stop.set(true);
            }
            for (var sweep : sweeps) {
                sweep.get();
            }
        }
        for (Claimed.Owned owned : fresh) {
            assertFalse(owned.sessionPresent());
            assertTrue(get(b.sessions().checkpoint(StoreFixture.checkpoint(owned), true)));
        }
        assertEquals(clients, get(a.sessions().count()));
    }

    /** All calls at once on the same few sessions: none fails, and none waits for another in a ring. */
    @Test
    void callsOnTheSameSessionsDontDeadlock() throws Exception {
        long deadlocks = deadlocks();
        List<Future<?>> calls = new ArrayList<>();
        Random random = new Random(7);
        for (int round = 0; round < 25; round++) {
            List<Claimed.Owned> owned = new ArrayList<>();
            for (PgFixture store : List.of(a, b)) {
                long node = store.equals(a) ? nodeA : nodeB;
                List<Future<Claimed>> claims = random.ints(12, 0, 20)
                        .mapToObj(i -> store.sessions().claim(forced(withWill(claim("c" + i, node), 0))))
                        .toList();
                calls.addAll(claims);
                claims.forEach(c -> owned.add((Claimed.Owned) get(c)));
            }
            for (Claimed.Owned o : owned) {
                Sessions sessions = (random.nextBoolean() ? a : b).sessions();
                calls.add(sessions.checkpoint(StoreFixture.checkpoint(o), random.nextBoolean()));
                calls.add(sessions.forgetReceipt(o.sessionId(), o.epoch(), number(), 1 + random.nextInt(9)));
                calls.add(sessions.subscribe(o.sessionId(), o.epoch(), number(), asked(random.nextInt(40))));
                if (random.nextInt(3) == 0) {
                    calls.add(sessions.release(release(o, HOUR, new WillAction.Schedule(0))));
                }
            }
        }
        calls.forEach(StoreFixture::get);
        assertEquals(deadlocks, deadlocks());
    }

    private long deadlocks() throws Exception {
        return a.database.number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
    }
}
