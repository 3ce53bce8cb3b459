package io.tuskmq.load.client;

import org.jspecify.annotations.Nullable;

/**
 * Whom a client says it is.
 *
 * @param clean MQTT 3: clean session; MQTT 5: clean start and no expiry. Else the broker keeps the session.
 */
public record Session(
        String clientId, boolean clean, @Nullable Will will) {
    public static Session clean(String clientId) {
        return new Session(clientId, true, null);
    }

    public static Session persistent(String clientId) {
        return new Session(clientId, false, null);
    }

    /** A will, published by the broker when the connection breaks. */
    public record Will(String topic, byte[] payload, int qos, boolean retain) {}
}
