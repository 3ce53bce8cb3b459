package io.tuskmq.load.client;

/**
 * What messages of one publisher on one topic with one QoS have in common.
 *
 * @param stream the ledger's number of it; every payload carries it
 * @param payloadBytes of each message, at least {@link Payloads#HEADER_BYTES}; 0: empty, which removes a retained message
 */
public record Flow(int stream, byte[] topic, int qos, boolean retain, int payloadBytes) {}
