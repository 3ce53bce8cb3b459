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
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A store for the contract tests, with what they do to it from outside: nodes that come and go, appends, and time that passes. */
abstract class StoreFixture implements AutoCloseable {
    static final long HOUR = 3_600;
    static final long LEASE_MILLIS = 10_000;
    private static final byte[] NONE = {};

    private final Map<Long, LaneWriter> writers = new HashMap<>();

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
        Leases.Lease lease = get(store().leases().register("n", 1, LEASE_MILLIS));
        writers.put(lease.incarnation(), store().laneWriter(lease.lanes().getFirst(), new Answers()));
        return lease.incarnation();
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
        PlainAppend append = new PlainAppend(message, receipt, willId);
        Objects.requireNonNull(writers.get(incarnation)).append(append);
        return get(append.committed.future());
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

    static Claim claim(String clientId, long node) {
        return new Claim(clientId, "alice", node, false, HOUR, false, null);
    }

    static Claim forced(Claim c) {
        return new Claim(
                c.clientId(), c.principal(), c.incarnation(), c.cleanStart(), c.expirySeconds(), true, c.will());
    }

    static Claim clean(Claim c) {
        return new Claim(c.clientId(), c.principal(), c.incarnation(), true, c.expirySeconds(), c.force(), c.will());
    }

    static Claim expiring(Claim c, long seconds) {
        return new Claim(c.clientId(), c.principal(), c.incarnation(), c.cleanStart(), seconds, c.force(), c.will());
    }

    static Claim as(Claim c, String principal) {
        return new Claim(
                c.clientId(), principal, c.incarnation(), c.cleanStart(), c.expirySeconds(), c.force(), c.will());
    }

    static Claim withWill(Claim c, long delaySeconds) {
        NewWill will = new NewWill(message("will/" + c.clientId(), "gone"), delaySeconds, 60);
        return new Claim(
                c.clientId(), c.principal(), c.incarnation(), c.cleanStart(), c.expirySeconds(), c.force(), will);
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
                owned.sessionId(), owned.epoch(), owned.state().cursor().toArray(), NONE);
    }

    static Release release(Claimed.Owned owned, long expirySeconds, WillAction will) {
        return new Release(checkpoint(owned), expirySeconds, owned.willId(), will);
    }

    boolean releaseNow(Claimed.Owned owned) {
        return get(sessions().release(release(owned, HOUR, new WillAction.Nothing())));
    }

    List<StoredSubscription> subscribe(Claimed.Owned owned, StoredSubscription... subscriptions) {
        return get(sessions().subscribe(owned.sessionId(), owned.epoch(), List.of(subscriptions)));
    }

    /** Answers the appends of one lane. */
    private static final class Answers implements LaneListener {
        @Override
        public void committed(List<Append> batch, long head) {
            batch.forEach(append -> ((PlainAppend) append).committed.complete(true));
        }

        @Override
        public void refused(Append append) {
            ((PlainAppend) append).committed.complete(false);
        }

        @Override
        public void drained() {}

        @Override
        public void fenced() {}
    }

    /** A copy of the filter set that keeps nothing but its version. */
    static final class CopyOfFilters implements Filters.Copy {
        private volatile long version;

        @Override
        public long version() {
            return version;
        }

        @Override
        public void apply(Filters.Changes changes) {
            version = changes.version();
        }
    }

    /** An append that matches no filter. */
    private static final class PlainAppend extends Append {
        private final Promise<Boolean> committed = Promise.promise();

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
}
