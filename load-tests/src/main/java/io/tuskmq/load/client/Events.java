package io.tuskmq.load.client;

/** What a client tells its owner, on the client's event loop. */
public interface Events {
    /** The broker has let the client in; what it sends next comes after this. */
    default void connected(Client client, boolean sessionPresent) {}

    /** A message came; of one with QoS 2 only the first copy. The view is good only during the call. */
    default void delivered(Client client, Incoming message) {}

    /** The broker answers for the message from now on: PUBACK, or PUBREC. */
    default void acknowledged(Client client, Outgoing message) {}

    /** MQTT 5: the broker did not take the message. */
    default void refused(Client client, Outgoing message, int reason) {}

    /** The message is sent a second time, over a new connection. */
    default void resent(Client client, Outgoing message) {}

    /** The session that knew of this QoS 2 message is gone: nobody can tell any more whether it arrived. */
    default void abandoned(Client client, Outgoing message) {}

    /** Messages can be sent that could not before. */
    default void room(Client client) {}

    /** The connection ended without having been asked to. */
    default void closed(Client client, Throwable cause) {}
}
