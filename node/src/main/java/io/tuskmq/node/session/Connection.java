package io.tuskmq.node.session;

import io.tuskmq.node.rules.Effect;
import io.vertx.core.Context;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/** A client's network connection, seen from its session. All methods are called on its context (one event loop). */
public interface Connection {
    /** The event loop that the connection, and so its session, lives on. */
    Context context();

    /** The client's certificate, which TLS has checked, and those that it showed of its CAs; empty when it showed none. */
    default List<X509Certificate> peerCertificates() {
        return List.of();
    }

    /** What the CONNECT brought for a method of enhanced authentication (MQTT 5, 4.12), one of those that are offered. */
    default Optional<Authentication> authentication() {
        return Optional.empty();
    }

    /** Sends an AUTH that asks the client to go on (0x18); {@link ConnectionHandler#authenticate} follows. Of a connection with a method only. */
    default void ask(byte[] data) {}

    /** The exchange has succeeded: before {@link #accept} the data goes with the CONNACK, later at once in an AUTH 0x00. */
    default void authenticated(byte[] data) {}

    /** Who the client was found to be, and what it may publish and subscribe to; before {@link #accept}. */
    default void grant(ConnectPacket admitted) {}

    /**
     * Sends the successful CONNACK; from now on packets become events.
     *
     * @param assignedClientId empty when the client brought its own
     * @param expirySeconds as granted; told to an MQTT 5 client when it differs from what it asked for
     */
    void accept(boolean sessionPresent, String assignedClientId, long expirySeconds);

    /** Sends a CONNACK with the MQTT 5 reason code (translated for MQTT 3) and closes. */
    void reject(int reason, String why);

    /** Sends a packet. QoS 0 messages are the caller's to drop when {@link #isWritable} is false. */
    void send(Effect.ToClient packet);

    /** False when the client reads more slowly than we write: the channel's buffer is above its high-water mark. */
    boolean isWritable();

    /** Stops reading the socket; keep-alive doesn't run meanwhile. Calls count: as many resumes as pauses. */
    void pauseReading();

    void resumeReading();

    /** Closes (MQTT 5: DISCONNECT with the reason first, if it is not 0). {@link ConnectionHandler#closed} follows. */
    void close(int reason, String why);
}
