package io.tuskmq.node.process.cluster;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Whoever does not know the cluster's secret gets nowhere at the port for links, and disturbs nobody. */
@ExtendWith(SharedCluster.class)
class LinkPortTest {
    private static final Duration SOON = Duration.ofSeconds(15);
    private static final int CLOSED_MILLIS = 20_000;
    /** A greeting, a nonce: not more may be said to a stranger. */
    private static final int SAID_BYTES_MAX = 1_024;

    private static Map<String, byte[]> strangers() {
        byte[] random = new byte[100_000];
        new Random(20_261_127).nextBytes(random);
        Map<String, byte[]> strangers = new LinkedHashMap<>();
        strangers.put("random bytes", random);
        strangers.put("zeros", new byte[100_000]);
        strangers.put("the greatest length", Packets.hex("7f ff ff ff 01 02 03 04"));
        strangers.put("a negative length", Packets.hex("ff ff ff ff 01 02 03 04"));
        strangers.put("HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        strangers.put("MQTT", Packets.connect("stranger"));
        strangers.put("nothing at all", new byte[0]);
        return strangers;
    }

    @Test
    void strangersAreClosedAndTheClusterGoesOn(ClusterProcesses cluster, Fleet load) throws IOException {
        for (ClusterNode node : cluster.nodes()) {
            for (Map.Entry<String, byte[]> stranger : strangers().entrySet()) {
                assertClosed(node, stranger.getKey(), stranger.getValue());
            }
            Await.until(node + " is ready", SOON, node::isReady);
        }
        load.awaitProgress(50, SOON);
    }

    private static void assertClosed(ClusterNode node, String who, byte[] bytes) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(node.host(), node.linkPort()), CLOSED_MILLIS);
            socket.setSoTimeout(CLOSED_MILLIS); // else: SocketTimeoutException
            try {
                socket.getOutputStream().write(bytes);
                int said = 0;
                while (socket.getInputStream().read() >= 0) {
                    said++;
                }
                assertTrue(said <= SAID_BYTES_MAX, node + " said " + said + " bytes to " + who);
            } catch (SocketException e) {
                assert e != null; // reset: closed as well
            }
        }
    }
}
