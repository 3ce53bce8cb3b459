package io.tuskmq.node.session;

import io.tuskmq.node.rules.ConnectRules;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.rules.SessionLimits;
import io.tuskmq.node.rules.SessionStart;
import io.tuskmq.node.rules.WillRules;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.NewWill;
import io.tuskmq.storage.Wills.DueWill;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The beginning and the end of a client's session on this node. Works on the client's event loop. */
public final class ClientSessions {
    private static final Logger LOG = LoggerFactory.getLogger(ClientSessions.class);
    /** How long a CONNACK waits for the wills of the client's earlier connections; they are published in any case. */
    private static final long WILLS_MILLIS = 1_000;

    private final Broker broker;
    private final Claims claims;
    private final WillPublisher wills;
    private final ClientIds ids;
    private final ConnectRules.Limits rules;
    private final SessionLimits limits;
    private final BacklogLimit backlog;
    private final long incarnation;
    private final AtomicLong connections = new AtomicLong();

    public ClientSessions(Broker broker, Claims claims, WillPublisher wills, ClientIds ids, Limits limits) {
        this.broker = broker;
        this.claims = claims;
        this.wills = wills;
        this.ids = ids;
        this.rules = limits.connect();
        this.limits = limits.session();
        this.backlog = new BacklogLimit(broker.store(), broker.counters(), limits.backlogMessagesMax());
        this.incarnation = limits.incarnation();
    }

    /**
     * What the node's settings, and its place among the nodes, say about sessions.
     *
     * @param backlogMessagesMax how many messages that waited a returning client gets, the newest; 0 = all
     */
    public record Limits(
            ConnectRules.Limits connect, SessionLimits session, int backlogMessagesMax, long incarnation) {}

    /**
     * Claims the client's session and starts it.
     *
     * @param started called when the session is this client's, before the CONNACK goes out
     * @return completes when the connection was accepted or rejected, or has gone
     */
    Future<Void> open(Client client, Runnable started) {
        Promise<Void> done = Promise.promise();
        if (client.isClosed()) {
            return Future.succeededFuture();
        }
        claim(client, false, started, done);
        return done.future();
    }

    /** Without force first: a node whose lease is valid is asked to let go of the session. */
    private void claim(Client client, boolean force, Runnable started, Promise<Void> done) {
        Sessions.Claim claim = client.claim(incarnation, claims.newToken(incarnation), force);
        claims.claim(claim)
                .onComplete(
                        claimed -> client.shard().post(() -> {
                            try {
                                if (claimed instanceof Claimed.OwnedElsewhere(long owner) && !force) {
                                    askOwner(client, owner, started, done);
                                } else {
                                    claimed(client, claim, claimed, started).onComplete(done);
                                }
                            } catch (RuntimeException e) {
                                fault(client, e);
                                done.complete();
                            }
                        }),
                        failure -> client.shard().post(() -> {
                            LOG.info("client={} refused: {}", client.clientId(), failure.getMessage());
                            client.connection().reject(ReasonCodes.SERVER_UNAVAILABLE, "the database is away");
                            done.complete();
                        }));
    }

    private void askOwner(Client client, long owner, Runnable started, Promise<Void> done) {
        ids.letGo(owner, client.claimant(), client.number())
                .onComplete(answer -> client.shard().post(() -> {
                    if (client.isClosed()) {
                        done.complete();
                    } else if (answer.result() == ClientIds.Answer.NEWER || client.isSuperseded()) {
                        rejectSuperseded(client);
                        done.complete();
                    } else if (answer.result() == ClientIds.Answer.ANOTHERS) {
                        rejectAnothers(client);
                        done.complete();
                    } else {
                        claim(client, true, started, done);
                    }
                }));
    }

    /** A newer connection of the same client id was faster, perhaps on another node. */
    void rejectSuperseded(Client client) {
        LOG.info("client={} refused: a newer connection has come", client.clientId());
        client.connection().reject(ReasonCodes.SERVER_BUSY, "session taken over"); // 0x8E is not for CONNACK
    }

    /** Somebody who has proved to be another user is connected with the client id, here or on another node. */
    static void rejectAnothers(Client client) {
        LOG.info("client={} refused: the client id is another user's", client.clientId());
        client.connection().reject(ReasonCodes.NOT_AUTHORIZED, "the client id is another user's");
    }

    /** Checks what can be checked without the store: rejects the connection, or tells what to claim. */
    Optional<ConnectRules.Decision.Claim> admit(Connection connection, ConnectPacket packet) {
        var asked = new ConnectRules.Asked(
                packet.version(),
                packet.clientId(),
                packet.cleanStart(),
                packet.expirySeconds(),
                packet.keepAliveSeconds(),
                packet.principal());
        return switch (ConnectRules.decide(asked, rules, "tuskmq-" + UUID.randomUUID())) {
            case ConnectRules.Decision.Refuse(int reason, String why) -> {
                LOG.info("client={} refused: {} from={}", packet.clientId(), why, packet.remoteAddress());
                connection.reject(reason, why);
                yield Optional.empty();
            }
            case ConnectRules.Decision.Claim claim -> Optional.of(claim);
        };
    }

    private Future<Void> claimed(Client client, Sessions.Claim claim, Claimed claimed, Runnable started) {
        return switch (claimed) {
            case Claimed.OtherPrincipal other -> {
                LOG.info("client={} refused: the session belongs to another user", client.clientId());
                client.connection().reject(ReasonCodes.NOT_AUTHORIZED, "the session belongs to another user");
                yield Future.succeededFuture();
            }
            case Claimed.OwnedElsewhere elsewhere -> {
                client.connection().reject(ReasonCodes.SERVER_BUSY, "another node has the session");
                yield Future.succeededFuture();
            }
            case Claimed.Owned owned -> {
                Promise<Void> done = Promise.promise();
                TimeLimit.within(
                                client.shard().context().owner(),
                                WILLS_MILLIS,
                                wills.publish(owned.dueWills()).compose(published -> wills.settled(client.clientId())))
                        .transform(published -> backlog.keep(client, owned))
                        .onSuccess(kept -> client.shard().post(() -> {
                            try {
                                start(client, claim, kept, started);
                            } catch (RuntimeException e) {
                                fault(client, e);
                            }
                            done.complete();
                        }));
                yield done.future();
            }
        };
    }

    /** The session as stored can't be read, or the like: this client can't connect, others can. */
    private static void fault(Client client, RuntimeException e) {
        LOG.error("client={} a fault of the broker refuses it", client.clientId(), e);
        if (client.runner() == null) {
            client.connection().reject(ReasonCodes.IMPLEMENTATION_ERROR, "a fault of the broker");
        } else {
            client.connection().close(ReasonCodes.IMPLEMENTATION_ERROR, "a fault of the broker");
        }
    }

    private void start(Client client, Sessions.Claim claim, Claimed.Owned owned, Runnable started) {
        started.run(); // first: who asks for the client id from now on finds this connection
        if (client.isClosed() || client.isSuperseded()) {
            claims.giveBack(claim, owned);
            if (!client.isClosed()) {
                rejectSuperseded(client);
            }
            return;
        }
        ConnectPacket packet = client.packet();
        long publisher = owned.sessionId() != 0 ? owned.sessionId() : -connections.incrementAndGet();
        var start = SessionStart.of(
                owned.state(),
                owned.sessionPresent(),
                publisher,
                new SessionStart.Client(
                        packet.version(), packet.receiveMax(), packet.maximumPacketSize(), packet.rights()));
        var identity = new SessionRunner.Identity(
                client.clientId(), owned.sessionId(), owned.epoch(), owned.willId(), publisher);
        SessionRunner runner = new SessionRunner(broker, client.shard(), client.connection(), identity, start, limits);
        client.runs(runner);
        broker.counters().connected();
        LOG.debug(
                "client={} connected version={} session={} present={} from={}",
                client.clientId(),
                packet.version(),
                owned.sessionId(),
                owned.sessionPresent(),
                packet.remoteAddress());
        client.connection().accept(owned.sessionPresent(), client.assignedClientId(), client.expirySeconds());
        runner.start();
    }

    /** Stores what the connection leaves behind, and publishes its will if it must be. */
    void end(Client client, SessionRunner runner, ConnectionHandler.CloseCause cause, OptionalLong newExpirySeconds) {
        broker.counters().disconnected();
        long expirySeconds = expiryAtEnd(client, newExpirySeconds);
        NewWill will = client.packet().will();
        // A will that is not allowed any more is dropped as one that was called off.
        boolean normal = cause == ConnectionHandler.CloseCause.NORMAL
                || (will != null && !client.packet().rights().mayPublish(will.message()));
        WillRules.AtEnd atEnd = WillRules.atEnd(normal, will, expirySeconds);
        SessionRunner.Identity identity = runner.identity();
        LOG.debug("client={} disconnected cause={}", client.clientId(), cause);
        Future<Void> released = runner.end()
                .compose(checkpoint -> identity.sessionId() == 0
                        ? Future.succeededFuture(false)
                        : claims.release(
                                new Sessions.Release(checkpoint, expirySeconds, identity.willId(), atEnd.action())))
                // Not done with the session: there is none, or a newer claim was faster.
                .compose(done -> done || atEnd.action() instanceof Sessions.WillAction.Nothing
                        ? Future.succeededFuture()
                        : claims.endWill(identity.willId(), atEnd.action()));
        if (atEnd.action() instanceof Sessions.WillAction.Drop) {
            wills.drop(identity.willId(), released);
        }
        if (will != null && atEnd.publishNow()) {
            Future<Void> published = wills.publishForAll(
                    new DueWill(identity.willId(), client.clientId(), will.message(), will.messageExpirySeconds()));
            released = Future.join(released, published).mapEmpty();
        }
        client.releasedBy(released);
    }

    /** Completes when the claims are undone that were given up until now. */
    Future<Void> undone() {
        return claims.undone();
    }

    private long expiryAtEnd(Client client, OptionalLong asked) {
        return switch (ConnectRules.expiryAtEnd(client.expirySeconds(), asked, rules)) {
            case ConnectRules.Expiry.Seconds(long seconds) -> seconds;
            case ConnectRules.Expiry.ProtocolError error -> client.expirySeconds();
        };
    }
}
