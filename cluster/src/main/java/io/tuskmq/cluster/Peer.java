package io.tuskmq.cluster;

/**
 * Another node process, as its row in the database describes it.
 *
 * @param incarnation never used again for another process
 * @param host where its links listen; {@code port} likewise
 */
public record Peer(long incarnation, String name, String host, int port) {}
