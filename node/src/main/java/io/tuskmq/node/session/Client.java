package io.tuskmq.node.session;

import io.tuskmq.node.rules.ConnectRules;
import io.tuskmq.storage.Sessions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import org.jspecify.annotations.Nullable;

/** One connection from its CONNECT until all that it leaves behind is stored. Lives on its connection's event loop. */
final class Client {
    private final Connection connection;
    private final ConnectPacket packet;
    private final Shard shard;
    private final ConnectRules.Decision.Claim admitted;
    private final Promise<Void> released = Promise.promise();
    private @Nullable SessionRunner runner;
    private boolean closed;

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

    /** Empty when the client brought its own. */
    String assignedClientId() {
        return admitted.assigned() ? admitted.clientId() : "";
    }

    /** Session Expiry Interval as granted. */
    long expirySeconds() {
        return admitted.expirySeconds();
    }

    /** What to ask of the store. A single node asks no other one first: the epoch fences whoever had the session. */
    Sessions.Claim claim(long incarnation, long token) {
        return new Sessions.Claim(
                admitted.clientId(),
                admitted.principal(),
                incarnation,
                token,
                admitted.cleanStart(),
                admitted.expirySeconds(),
                true,
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
