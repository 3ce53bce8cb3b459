package io.tuskmq.node.session;

import io.tuskmq.node.rules.Event;
import java.util.OptionalLong;
import java.util.Set;

/** What a connection tells: implemented by the sessions, called by the MQTT edge on the connection's event loop. */
public interface ConnectionHandler {
    /** Why a connection ended. Only a {@link #NORMAL} end drops the will. */
    enum CloseCause {
        /** DISCONNECT with reason 0x00 (or any DISCONNECT of MQTT 3). */
        NORMAL,
        /** DISCONNECT 0x04: publish the will. */
        NORMAL_WITH_WILL,
        /** MQTT 5 DISCONNECT with another reason from the client. */
        CLIENT_ERROR,
        /** Closed without DISCONNECT, reset, or failed in I/O. */
        IO,
        KEEP_ALIVE,
        PROTOCOL_ERROR,
        TAKEN_OVER,
        SERVER_STOP,
        /** The broker ended it for another reason (quota, administrative action, fenced). */
        SERVER
    }

    /** A CONNECT came. The answer is {@link Connection#accept} or {@link Connection#reject}; no event comes before it. */
    void connect(Connection connection, ConnectPacket packet);

    /** Methods of enhanced authentication that are offered; a CONNECT with another one is refused before it gets to {@link #connect}. */
    default Set<String> authenticationMethods() {
        return Set.of();
    }

    /**
     * An AUTH, by the connection's method and in its turn. The answer is {@link Connection#ask}, {@link Connection#authenticated}, or the end.
     *
     * @param again it begins a re-authentication; no other one is under way
     */
    default void authenticate(Connection connection, Authentication given, boolean again) {
        throw new IllegalStateException("no method is offered");
    }

    /** A packet after CONNECT. */
    void event(Connection connection, Event event);

    /** The channel's writability changed. */
    void writable(Connection connection, boolean writable);

    /**
     * The connection has ended, whatever the cause; called exactly once for every connection that {@link #connect} was called for.
     *
     * @param newExpirySeconds the Session Expiry Interval of an MQTT 5 DISCONNECT, if it had one
     */
    void closed(Connection connection, CloseCause cause, OptionalLong newExpirySeconds);
}
