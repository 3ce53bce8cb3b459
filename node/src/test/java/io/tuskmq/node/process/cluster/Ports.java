package io.tuskmq.node.process.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Free ports of this machine that stay free while a node is down: below those that the system gives to outgoing connections, one of which
 * could otherwise take the port of a killed node.
 */
public final class Ports {
    private static final int FIRST = 18_000;
    private static final int COUNT = 12_000;
    private static final AtomicInteger NEXT =
            new AtomicInteger((int) (ProcessHandle.current().pid() * 37 % COUNT));

    private Ports() {}

    public static int free() {
        for (int i = 0; i < COUNT; i++) {
            int port = FIRST + NEXT.getAndIncrement() % COUNT;
            try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (IOException e) {
                assert e != null; // in use: the next one
            }
        }
        throw new IllegalStateException("no port between " + FIRST + " and " + (FIRST + COUNT) + " is free");
    }
}
