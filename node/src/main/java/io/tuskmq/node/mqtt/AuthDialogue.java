package io.tuskmq.node.mqtt;

import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.session.Authentication;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Whose turn it is in the AUTH packets of a connection whose CONNECT named a method (MQTT 5, 4.12). Lives with the connection. */
final class AuthDialogue {
    private enum Turn {
        /** No exchange is under way: only a re-authentication may begin. */
        NOBODYS,
        CLIENTS,
        SERVERS
    }

    private final MqttConnection connection;
    private final ShardLoop loop;
    private final Authentication begun;
    private Turn turn = Turn.SERVERS;
    /** The last word of the exchange that CONNECT began: it goes with the CONNACK. */
    private Authentication proof;
    /** The time for the CONNECT, and for all that belongs to it, is over. */
    private boolean late;
    /** Each try costs the node a read of the database and some hashes, and no CONNECT that others limit. */
    private @Nullable RateLimit pace;

    AuthDialogue(MqttConnection connection, ShardLoop loop, Authentication begun) {
        this.connection = connection;
        this.loop = loop;
        this.begun = begun;
        this.proof = says(new byte[0]);
    }

    Authentication begun() {
        return begun;
    }

    Authentication proof() {
        return proof;
    }

    /** By the method of CONNECT, which is that of all answers [MQTT5-4.12.0-5]. */
    private Authentication says(byte[] data) {
        return new Authentication(begun.method(), data);
    }

    /** @return whether the client is waited for now; else it is when it is asked the next time */
    boolean deadline() {
        late = true;
        return turn == Turn.CLIENTS;
    }

    void ask(byte[] data) {
        if (late && !connection.isOpen()) {
            connection.deadline();
        } else if (!connection.isClosed()) {
            turn = Turn.CLIENTS;
            connection.say(ReasonCodes.CONTINUE_AUTHENTICATION, says(data)); // [MQTT5-4.12.0-2]
            connection.listen();
        }
    }

    void succeed(byte[] data) {
        turn = Turn.NOBODYS;
        proof = says(data);
        if (connection.isOpen()) {
            connection.say(ReasonCodes.SUCCESS, proof);
        }
    }

    /** @throws BadPacket when it may not come now */
    void received(PacketTranslator.Auth packet) {
        if (!packet.given().method().equals(begun.method())) {
            throw BadPacket.protocolError("AUTH with another method than CONNECT"); // [MQTT5-4.12.1-1]
        }
        boolean again = packet.reason() == ReasonCodes.RE_AUTHENTICATE;
        boolean inTurn = switch (packet.reason()) {
            case ReasonCodes.CONTINUE_AUTHENTICATION -> turn == Turn.CLIENTS; // [MQTT5-4.12.0-3]
            case ReasonCodes.RE_AUTHENTICATE -> connection.isOpen() && turn == Turn.NOBODYS;
            default -> false; // only the server says that it was a success
        };
        if (!inTurn) {
            throw BadPacket.protocolError("AUTH out of turn");
        }
        if (again && isTooOften(System.nanoTime())) {
            loop.counters.refusedAgain.increment();
            connection.close(ReasonCodes.QUOTA_EXCEEDED, "too many re-authentications");
            return;
        }
        turn = Turn.SERVERS;
        connection.listenNoMore();
        loop.handler.authenticate(connection, packet.given(), again);
    }

    private boolean isTooOften(long nowNanos) {
        int perMinuteMax = loop.limits.reauthenticationsPerMinuteMax();
        if (perMinuteMax == 0) {
            return false;
        }
        RateLimit rate = pace;
        if (rate == null) {
            rate = new RateLimit(TimeUnit.MINUTES, perMinuteMax, nowNanos);
            pace = rate;
        }
        rate.take(1, nowNanos);
        return rate.waitNanos(nowNanos) > 0;
    }
}
