package io.tuskmq.node.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.tuskmq.cluster.NoCluster;
import io.tuskmq.node.cluster.ClusterNode;
import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.node.rules.Claimant;
import io.tuskmq.node.rules.ConnectRules;
import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.rules.Rights;
import io.tuskmq.node.rules.SessionLimits;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.Leases;
import io.tuskmq.storage.MemoryRunner;
import io.tuskmq.storage.MemoryStore;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.StorageException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A node is stopped while clients connect. */
final class StoppingTest {
    private static final Quotas QUOTAS =
            new Quotas(new LogQuota(0, new Metrics()), new RetainedQuota(0, 0, new Metrics()));

    /** Holds the answers of claims back, and says that it failed when it is first asked to undo one. */
    private static final class Line implements MemoryRunner {
        private final MemoryRunner store;
        final Promise<Void> claimCame = Promise.promise();
        final Promise<Void> claimsMayBeAnswered = Promise.promise();
        final Promise<Void> undoCame = Promise.promise();

        Line(Context context) {
            store = MemoryRunner.on(context);
        }

        @Override
        public <T> Future<T> run(String operation, Supplier<T> work) {
            if (operation.equals("sessions.claim")) {
                return store.run(operation, work).compose(answer -> {
                    claimCame.tryComplete();
                    return claimsMayBeAnswered.future().map(answer);
                });
            }
            if (operation.equals("sessions.abandon") && undoCame.tryComplete()) {
                return Future.failedFuture(new StorageException(StorageException.Kind.TRANSIENT, "not now", null));
            }
            return store.run(operation, work);
        }

        @Override
        public void onLane(Runnable step) {
            store.onLane(step);
        }
    }

    /** A client's connection on which nothing is sent. */
    private static final class SilentConnection implements Connection {
        private final Context context;
        private final Directory directory;
        final Promise<Integer> rejected = Promise.promise();

        SilentConnection(Context context, Directory directory) {
            this.context = context;
            this.directory = directory;
        }

        @Override
        public Context context() {
            return context;
        }

        @Override
        public void accept(boolean sessionPresent, String assignedClientId, long expirySeconds) {
            rejected.fail("accepted");
        }

        @Override
        public void reject(int reason, String why) {
            if (rejected.tryComplete(reason)) {
                directory.closed(this, ConnectionHandler.CloseCause.SERVER_STOP, OptionalLong.empty());
            }
        }

        @Override
        public void send(Effect.ToClient packet) {
            throw new IllegalStateException("nothing is accepted here");
        }

        @Override
        public boolean isWritable() {
            return true;
        }

        @Override
        public void pauseReading() {}

        @Override
        public void resumeReading() {}

        @Override
        public void close(int reason, String why) {
            reject(reason, why);
        }
    }

    /** The rights of somebody who has shown a password. */
    private static final class Proved implements Rights {
        @Override
        public boolean mayPublish(Message message) {
            return true;
        }

        @Override
        public boolean mayReceive(String topic, int qos) {
            return true;
        }

        @Override
        public boolean maySubscribe(Subscription subscription) {
            return true;
        }

        @Override
        public boolean areProved() {
            return true;
        }
    }

    private final Vertx vertx = Vertx.vertx();
    private final Context context = vertx.getOrCreateContext();
    private final Line line = new Line(context);
    private final Shards shards = new Shards();
    private final LiveRoutes routes = new LiveRoutes();
    private final MemoryStore store = new MemoryStore(System::currentTimeMillis, line, routes);
    private final SessionCounters counters = new SessionCounters(new Metrics());

    @AfterEach
    void close() throws Exception {
        get(vertx.close());
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private Directory directory(Leases.Lease lease) {
        ClusterNode alone = new ClusterNode(vertx, new NoCluster(), new Metrics());
        Router router = new Router(routes, shards, alone.peers());
        router.open(store, lease.lanes(), () -> {});
        Claims claims = new Claims(vertx, store);
        Groups groups = new Groups(claims, lease.incarnation(), alone.groupPeers());
        var broker = new Broker(store, router, counters, new SysTopics(router), groups, QUOTAS);
        var limits =
                new ClientSessions.Limits(ConnectRules.Limits.DEFAULT, SessionLimits.DEFAULT, 0, lease.incarnation());
        ClientIds ids = alone.clientIds();
        var sessions = new ClientSessions(
                broker, claims, new WillPublisher(store, router, counters, QUOTAS.retained()), ids, limits);
        return new Directory(vertx, shards, sessions, ids, counters);
    }

    private static ConnectPacket connectWithWill() {
        Message will = Message.of("will", "gone".getBytes(StandardCharsets.UTF_8), 1, false);
        return new ConnectPacket(
                4,
                "phone",
                false,
                Sessions.NEVER_EXPIRES,
                0,
                null,
                null,
                new Sessions.NewWill(will, 0, 0),
                10,
                0,
                0,
                "there");
    }

    /** I8: else the end of the node's lease would make the will due of a connection that never was. */
    @Test
    void waitsUntilTheClaimsOfConnectionsThatNeverWereAreUndone() throws Exception {
        Leases.Lease lease = get(store.leases().register("n", 1, 60_000));
        Directory directory = directory(lease);
        SilentConnection connection = new SilentConnection(context, directory);
        context.runOnContext(v -> directory.connect(connection, connectWithWill()));
        get(line.claimCame.future());
        Future<Void> closed = directory.closeAll(ReasonCodes.SERVER_SHUTTING_DOWN, "server shutting down");
        assertEquals(ReasonCodes.SERVER_SHUTTING_DOWN, get(connection.rejected.future()));
        assertFalse(closed.isComplete(), "the claim has no answer yet");
        line.claimsMayBeAnswered.complete();
        get(line.undoCame.future());
        assertFalse(closed.isComplete(), "the claim is not undone yet");
        get(closed);
        get(store.leases().release(lease.incarnation()));
        assertEquals(List.of(), get(store.wills().due(10)));
    }

    /** Else nobody else could have its id until this node is started again. */
    @Test
    void aConnectionThatLeavesDuringItsClaimLeavesNothingBehind() throws Exception {
        Leases.Lease lease = get(store.leases().register("n", 1, 60_000));
        Directory directory = directory(lease);
        SilentConnection connection = new SilentConnection(context, directory);
        ConnectPacket alices = connectWithWill().of("alice", new Proved());
        context.runOnContext(v -> directory.connect(connection, alices));
        get(line.claimCame.future());
        context.runOnContext(v -> directory.closed(connection, ConnectionHandler.CloseCause.IO, OptionalLong.empty()));
        line.claimsMayBeAnswered.complete();
        get(line.undoCame.future());
        Promise<ClientIds.Answer> answer = Promise.promise();
        context.runOnContext(v ->
                directory.letGo(new Claimant("phone", "bob"), Long.MAX_VALUE).onComplete(answer));
        assertEquals(ClientIds.Answer.LET_GO, get(answer.future()));
        get(directory.closeAll(ReasonCodes.SERVER_SHUTTING_DOWN, "server shutting down"));
    }
}
