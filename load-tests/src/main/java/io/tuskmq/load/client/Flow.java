package io.tuskmq.load.client;

import org.jspecify.annotations.Nullable;

/**
 * What messages of one publisher on one topic with one QoS have in common.
 *
 * @param stream the ledger's number of it, which every payload carries; below 0: not in the ledger
 * @param payloadBytes of each message, at least {@link Payloads#HEADER_BYTES}; 0: empty, which removes a retained message
 * @param fixed the payload of each message, when it is not one of {@link Payloads}
 */
public record Flow(int stream, byte[] topic, int qos, boolean retain, int payloadBytes, byte @Nullable [] fixed) {
    public Flow(int stream, byte[] topic, int qos, boolean retain, int payloadBytes) {
        this(stream, topic, qos, retain, payloadBytes, null);
    }

    /** Messages that the ledger doesn't know. */
    public static Flow fixed(byte[] topic, int qos, boolean retain, byte[] payload) {
        return new Flow(-1, topic, qos, retain, payload.length, payload);
    }
}
