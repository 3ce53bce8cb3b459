package io.tuskmq.cluster.hazelcast;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands before members of Hazelcast, each on a loopback address of its own (127.0.0.2, 127.0.0.3 and so on), and passes their connections on
 * unless the two are cut. A member binds its own connections to its address, so a wall knows who knocks.
 */
final class Walls implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Walls.class);

    private record Passage(String from, String to, Socket in, Socket out) implements Closeable {
        @Override
        public void close() throws IOException {
            in.close();
            out.close();
        }
    }

    private final Map<String, ServerSocket> walls = new HashMap<>();
    private final List<Passage> passages = new CopyOnWriteArrayList<>();
    private final Map<String, Boolean> cut = new ConcurrentHashMap<>();

    /** Opens a wall on a free port before this member, which listens at the port. */
    int before(String host, int port) throws IOException {
        ServerSocket wall = new ServerSocket(0, 50, InetAddress.getByName(host));
        walls.put(host, wall);
        Thread.ofVirtual().start(() -> {
            while (!wall.isClosed()) {
                try {
                    pass(wall.accept(), host, port);
                } catch (IOException e) {
                    LOG.debug("no way to {}", host, e); // a connection that couldn't be made, or the end
                }
            }
        });
        return wall.getLocalPort();
    }

    private void pass(Socket in, String to, int port) throws IOException {
        String from = in.getInetAddress().getHostAddress();
        if (cut.containsKey(from + to)) {
            in.close();
            return;
        }
        Socket out = new Socket();
        // From the knocking member's address, as it would have come.
        out.bind(new InetSocketAddress(InetAddress.getByName(from), 0));
        out.connect(new InetSocketAddress(InetAddress.getByName(to), port));
        Passage passage = new Passage(from, to, in, out);
        passages.add(passage);
        copy(passage, in, out);
        copy(passage, out, in);
    }

    private static void copy(Passage passage, Socket from, Socket to) {
        Thread.ofVirtual().start(() -> {
            try (passage) {
                from.getInputStream().transferTo(to.getOutputStream());
            } catch (IOException e) {
                LOG.debug("closed from {} to {}", passage.from, passage.to, e);
            }
        });
    }

    /** No connection between them passes, and those that did are closed. */
    void cut(String one, String other) throws IOException {
        cut.put(one + other, true);
        cut.put(other + one, true);
        for (Passage passage : passages) {
            if (cut.containsKey(passage.from + passage.to)) {
                passage.close();
            }
        }
    }

    void mend() {
        cut.clear();
    }

    @Override
    public void close() throws IOException {
        for (ServerSocket wall : walls.values()) {
            wall.close();
        }
        for (Passage passage : passages) {
            passage.close();
        }
    }
}
