package io.tuskmq.node.session;

import io.tuskmq.node.rules.Claimant;
import io.tuskmq.node.rules.ConnectRules;
import io.tuskmq.storage.Sessions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import org.jspecify.annotations.Nullable;

/** One connection from its CONNECT until all that it leaves behind is stored. Lives on its connection's event loop. */
final class Client {
    private static final AtomicLongFieldUpdater<Client> NEWEST =
            AtomicLongFieldUpdater.newUpdater(Client.class, "newest");

    private final Connection connection;
    private final ConnectPacket packet;
    private final Shard shard;
    private final ConnectRules.Decision.Claim admitted;
    private final Promise<Long> place = Promise.promise();
    private final Promise<Void> decided = Promise.promise();
    private final Promise<Void> released = Promise.promise();
    private @Nullable SessionRunner runner;
    private boolean closed;

    /** Among all connections of the client id, on all nodes; set before the session is claimed. From any thread, as is the next one. */
    private volatile long number = Long.MAX_VALUE;

    private volatile long newest = Long.MIN_VALUE;

    Client(Connection connection, ConnectPacket packet, Shard shard, ConnectRules.Decision.Claim admitted) {
        this.connection = connection;
        this.packet = packet;
        this.shard = shard;
        this.admitted = admitted;
    }

    Connection connection() {
        return connection;
    }

    ConnectPacket packet() {
        return packet;
    }

    Shard shard() {
        return shard;
    }

    String clientId() {
        return admitted.clientId();
    }

    Claimant claimant() {
        return new Claimant(admitted.clientId(), admitted.principal());
    }

    /** Whether the other one may take this one's place: who has proved its name is not ended by somebody else. */
    boolean yieldsTo(Claimant newer) {
        return !packet.rights().areProved() || admitted.principal().equals(newer.principal());
    }

    /** Completes when it has been accepted or refused, or has gone. From any thread, as is the next one. */
    Future<Void> decided() {
        return decided.future();
    }

    void isDecided() {
        decided.tryComplete();
    }

    /** Empty when the client brought its own. */
    String assignedClientId() {
        return admitted.assigned() ? admitted.clientId() : "";
    }

    /** Session Expiry Interval as granted. */
    long expirySeconds() {
        return admitted.expirySeconds();
    }

    void number(long ofConnection) {
        number = ofConnection;
        placed(ofConnection);
    }

    long number() {
        return number;
    }

    /** Its number is known, though it is not yet taken: it must not be left before that, or those who find it would not learn whom it asks. */
    void placed(long ofConnection) {
        place.tryComplete(ofConnection);
    }

    /**
     * Completes when the one with this number, which asks, need not wait any longer for it to be decided. Nobody waits for a later one: that may wait for whoever
     * asks here.
     */
    Future<Void> hadItsTurnBefore(long newer) {
        return place.future().compose(mine -> mine < newer ? decided() : Future.succeededFuture());
    }

    /** A connection of this client id with this number asks for it. */
    void yieldTo(long newer) {
        NEWEST.accumulateAndGet(this, newer, Math::max);
    }

    /** Whether a newer connection has asked for the client id. */
    boolean isSuperseded() {
        return number < newest;
    }

    /**
     * What to ask of the store.
     *
     * @param force take the session even of a node whose lease is valid: it was asked and did not answer
     */
    Sessions.Claim claim(long incarnation, long token, boolean force) {
        return new Sessions.Claim(
                admitted.clientId(),
                admitted.principal(),
                incarnation,
                token,
                admitted.cleanStart(),
                admitted.expirySeconds(),
                force,
                packet.will());
    }

    @Nullable
    SessionRunner runner() {
        return runner;
    }

    void runs(SessionRunner session) {
        runner = session;
    }

    boolean isClosed() {
        return closed;
    }

    void close() {
        closed = true;
    }

    /** Completes when the connection is closed and its last checkpoint and its will are stored or published. */
    Future<Void> released() {
        return released.future();
    }

    void releasedBy(Future<Void> end) {
        end.onComplete(done -> released.complete());
    }
}
