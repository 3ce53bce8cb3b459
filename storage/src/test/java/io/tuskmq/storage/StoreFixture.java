package io.tuskmq.storage;

import io.tuskmq.storage.Sessions.Checkpoint;
import io.tuskmq.storage.Sessions.Claim;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.NewWill;
import io.tuskmq.storage.Sessions.Release;
import io.tuskmq.storage.Sessions.StoredSubscription;
import io.tuskmq.storage.Sessions.WillAction;
import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A store for the contract tests, with what they do to it from outside: nodes that come and go, appends, and time that passes. */
abstract class StoreFixture implements AutoCloseable {
    static final long HOUR = 3_600;
    /** Longer than a test lasts, however slow the machine: on PostgreSQL it is real time. */
    static final long LEASE_MILLIS = 120_000;

    private static final byte[] NONE = {};
    private static final AtomicLong NUMBERS = new AtomicLong();

    /** The first node's copy of the filter set. */
    final TestFilters copy = new TestFilters();

    private final Map<Long, LaneWriter> writers = new HashMap<>();
    private final Map<Long, Answers> answers = new HashMap<>();

    abstract Store store();

    /** The node's lease has passed, and nobody has acted on it. */
    abstract void letLeasePass(long incarnation);

    abstract void passSeconds(long seconds);

    final Sessions sessions() {
        return store().sessions();
    }

    final Wills wills() {
        return store().wills();
    }

    final Retained retained() {
        return store().retained();
    }

    /** Registers a node with a valid lease and one lane. */
    final long node() {
        return node("n", Optional.empty()).incarnation();
    }

    final Leases.Lease node(String name, Optional<Leases.Address> address) {
        Leases.Lease lease = get(store().leases().register(name, 1, LEASE_MILLIS, address));
        Answers told = new Answers();
        answers.put(lease.incarnation(), told);
        writers.put(lease.incarnation(), store().laneWriter(lease.lanes().getFirst(), told));
        return lease;
    }

    /** A node whose lane gives ids of this much later than now, as that of a fast clock does. */
    final long nodeAhead(long millis) {
        Leases.Lease first = node("ahead", Optional.empty());
        endNode(first.incarnation());
        lead(first.lanes().getFirst().laneId(), millis);
        return node();
    }

    /** Moves the head of a lane that nobody owns. */
    abstract void lead(int laneId, long millis);

    /** The writer of the node's lane. */
    final LaneWriter writer(long incarnation) {
        return Objects.requireNonNull(writers.get(incarnation));
    }

    /** Completes when the node's lane is fenced. */
    final Future<Void> fenced(long incarnation) {
        return Objects.requireNonNull(answers.get(incarnation)).fenced.future();
    }

    final void endNode(long incarnation) {
        get(store().leases().release(incarnation));
    }

    /** Nodes renew while time passes. */
    final void renewAll() {
        writers.keySet().forEach(node -> store().leases().renew(node, LEASE_MILLIS));
    }

    /** Appends one message to the node's lane; false when it was refused. */
    final boolean append(long incarnation, Message message, Append.@Nullable Receipt receipt, long willId) {
        return append(incarnation, new PlainAppend(message, receipt, willId));
    }

    final boolean append(long incarnation, Answered append) {
        Objects.requireNonNull(writers.get(incarnation)).append(append);
        return get(append.committed.future());
    }

    /** An append matched with what the store's copy of the filter set has now. */
    final Matching matching(String topic, String payload) {
        return new Matching(copy, message(topic, payload));
    }

    final void closeWriters() {
        writers.values().forEach(writer -> get(writer.close()));
    }

    @Override
    public abstract void close();

    boolean append(long incarnation, Message message) {
        return append(incarnation, message, null, 0);
    }

    /** The result of a call, which must not fail. */
    static <T> T get(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof StorageException known) {
                throw known;
            }
            throw new AssertionError(e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    /** Above all that it returned before: for tests that don't care which number a claim or a write has. */
    static long number() {
        return NUMBERS.incrementAndGet();
    }

    static Claim claim(String clientId, long node) {
        return new Claim(clientId, "alice", node, number(), false, HOUR, false, null);
    }

    static Claim forced(Claim c) {
        return new Claim(
                c.clientId(),
                c.principal(),
                c.incarnation(),
                c.token(),
                c.cleanStart(),
                c.expirySeconds(),
                true,
                c.will());
    }

    static Claim clean(Claim c) {
        return new Claim(
                c.clientId(), c.principal(), c.incarnation(), c.token(), true, c.expirySeconds(), c.force(), c.will());
    }

    static Claim expiring(Claim c, long seconds) {
        return new Claim(
                c.clientId(), c.principal(), c.incarnation(), c.token(), c.cleanStart(), seconds, c.force(), c.will());
    }

    static Claim as(Claim c, String principal) {
        return new Claim(
                c.clientId(),
                principal,
                c.incarnation(),
                c.token(),
                c.cleanStart(),
                c.expirySeconds(),
                c.force(),
                c.will());
    }

    static Claim withWill(Claim c, long delaySeconds) {
        NewWill will = new NewWill(message("will/" + c.clientId(), "gone"), delaySeconds, 60);
        return new Claim(
                c.clientId(),
                c.principal(),
                c.incarnation(),
                c.token(),
                c.cleanStart(),
                c.expirySeconds(),
                c.force(),
                will);
    }

    static Message message(String topic, String payload) {
        return Message.of(topic, payload.getBytes(StandardCharsets.UTF_8), 1, false);
    }

    static Message retained(String topic, String payload) {
        return Message.of(topic, payload.getBytes(StandardCharsets.UTF_8), 1, true);
    }

    static StoredSubscription subscription(String filter, int qos) {
        return new StoredSubscription(filter, "", qos, false, true, 1, 7, 0, new LaneVector(), "");
    }

    Claimed.Owned own(Claim claim) {
        Claimed claimed = get(sessions().claim(claim));
        if (claimed instanceof Claimed.Owned owned) {
            return owned;
        }
        throw new AssertionError("not owned: " + claimed);
    }

    static Checkpoint checkpoint(Claimed.Owned owned) {
        return new Checkpoint(
                owned.sessionId(),
                owned.epoch(),
                number(),
                owned.state().cursor().toArray(),
                NONE);
    }

    static Release release(Claimed.Owned owned, long expirySeconds, WillAction will) {
        return new Release(checkpoint(owned), expirySeconds, owned.willId(), will);
    }

    boolean releaseNow(Claimed.Owned owned) {
        return get(sessions().release(release(owned, HOUR, new WillAction.Nothing())));
    }

    List<StoredSubscription> subscribe(Claimed.Owned owned, StoredSubscription... subscriptions) {
        return get(sessions().subscribe(owned.sessionId(), owned.epoch(), number(), List.of(subscriptions)));
    }

    /** Answers the appends of one lane. */
    private static final class Answers implements LaneListener {
        private final Promise<Void> fenced = Promise.promise();

        @Override
        public void committed(List<Append> batch, long head) {
            batch.forEach(append -> ((Answered) append).committed.complete(true));
        }

        @Override
        public void refused(Append append) {
            ((Answered) append).committed.complete(false);
        }

        @Override
        public void drained() {}

        @Override
        public void fenced() {
            fenced.tryComplete();
        }
    }

    /** An append that says what became of it. */
    abstract static class Answered extends Append {
        private final Promise<Boolean> committed = Promise.promise();

        Answered(Message message, @Nullable Receipt receipt, long willId) {
            super(message, receipt, willId);
        }
    }

    /** An append that matches no filter. */
    private static final class PlainAppend extends Answered {
        PlainAppend(Message message, @Nullable Receipt receipt, long willId) {
            super(message, receipt, willId);
        }

        @Override
        public void match() {}

        @Override
        public long[] filterIds() {
            return new long[0];
        }

        @Override
        public long filtersVersion() {
            return Long.MAX_VALUE;
        }
    }

    /** An append that is matched with the store's copy of the filter set. */
    static final class Matching extends Answered {
        private final TestFilters filters;
        private long[] filterIds = {};
        private long version;

        Matching(TestFilters filters, Message message) {
            super(message, null, 0);
            this.filters = filters;
            match();
        }

        @Override
        public void match() {
            version = filters.version();
            filterIds = filters.match(message().topic());
        }

        @Override
        public long[] filterIds() {
            return filterIds;
        }

        @Override
        public long filtersVersion() {
            return version;
        }
    }
}
