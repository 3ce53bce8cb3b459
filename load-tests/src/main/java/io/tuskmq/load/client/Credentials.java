package io.tuskmq.load.client;

import org.jspecify.annotations.Nullable;

/**
 * What all clients of a run send in CONNECT.
 *
 * @param user {@code {id}} in it stands for the client id
 * @param keepAliveSeconds 0: none
 * @param expirySeconds MQTT 5: of sessions that are kept
 * @param connectTimeoutMillis for the TCP connection, and again until CONNACK
 */
public record Credentials(
        Protocol protocol,
        @Nullable String user,
        @Nullable String password,
        int keepAliveSeconds,
        long expirySeconds,
        int connectTimeoutMillis) {
    public static Credentials of(Protocol protocol) {
        return new Credentials(protocol, null, null, 60, 86_400, 10_000);
    }
}
