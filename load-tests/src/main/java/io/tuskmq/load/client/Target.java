package io.tuskmq.load.client;

import java.net.URI;

/** Where a broker, or what stands before it, listens. */
public record Target(String host, int port) {
    /** Throws IllegalArgumentException with a sentence. */
    public static Target of(String text) {
        URI uri;
        try {
            uri = URI.create("mqtt://" + text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(text + " is not host:port", e);
        }
        if (uri.getHost() == null || uri.getPort() < 1 || uri.getPort() > 65_535) {
            throw new IllegalArgumentException(text + " is not host:port");
        }
        return new Target(uri.getHost(), uri.getPort());
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }
}
