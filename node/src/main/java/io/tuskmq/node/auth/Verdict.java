package io.tuskmq.node.auth;

/** What one authenticator says of a client. */
public sealed interface Verdict {
    record Allow(Login login) implements Verdict {}

    /** @param reason MQTT 5 reason code of the CONNACK */
    record Deny(int reason, String why) implements Verdict {}

    /** The next one in the chain is asked. */
    record NotMine() implements Verdict {}
}
