package io.tuskmq.node.process.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tuskmq.node.TestNode;
import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A real HAProxy before a node, which is told the clients' addresses by the PROXY protocol. */
@ExtendWith(PostgresExtension.class)
class ProxyProtocolTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String CLIENT = "127.0.0.9";

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path dir;

    private static TestNode node(TestDatabase database, String from) {
        return new TestNode(database, "mqtt.proxy.from", from);
    }

    /** Health checks of HAProxy speak the protocol too: version 1 as PROXY, version 2 as LOCAL. */
    private Program haProxy(int port, int nodePort, String sends) throws IOException {
        Path configuration = Files.writeString(dir.resolve("haproxy.cfg"), """
                defaults
                    mode tcp
                    timeout connect 5s
                    timeout client 1m
                    timeout server 1m
                listen mqtt
                    bind 127.0.0.1:%d
                    server node 127.0.0.1:%d %s check inter 100ms
                """.formatted(port, nodePort, sends));
        return Program.start(dir.resolve("haproxy.log"), List.of("haproxy", "-db", "-f", configuration.toString()));
    }

    private static RawClient connect(String from, int port) throws IOException {
        Socket socket = new Socket();
        socket.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 10_000);
        return new RawClient(socket);
    }

    private static boolean comesIn(String from, int port) {
        try (RawClient client = connect(from, port)) {
            client.send(Packets.connect("looks"));
            return client.readOrEnd().isPresent();
        } catch (IOException _) {
            return false; // HAProxy is starting
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"send-proxy", "send-proxy-v2", "send-proxy-v2-ssl-cn"})
    void rulesKnowTheClientsOwnAddress(String sends, TestDatabase database) throws Exception {
        Needs.that(HaProxy.isInstalled(), "haproxy is not installed");
        int port = Ports.free();
        database.execute("DELETE FROM acl_rule");
        database.execute(
                "INSERT INTO acl_rule (allow, actions, topic, address) VALUES (true, 'all', '#', '" + CLIENT + "')");
        try (TestNode node = node(database, "127.0.0.1");
                Program proxy = haProxy(port, node.port(), sends)) {
            Await.until("HAProxy lets clients in", SOON, () -> comesIn(CLIENT, port), proxy::tail);
            try (RawClient allowed = connect(CLIENT, port);
                    RawClient other = connect("127.0.0.8", port)) {
                for (RawClient client : List.of(allowed, other)) {
                    client.send(Packets.connectV5(""));
                    assertEquals(2, client.read().type());
                    client.send(Packets.publishV5(1, 1, "a", Packets.properties(), "x"));
                }
                assertEquals("40 03 00 01 10", allowed.read().wire());
                assertEquals("40 03 00 01 87", other.read().wire(), "the rule is for another address");
            }
            assertEquals(0, badPackets(node), "health checks are taken in silence");
        }
    }

    private static long badPackets(TestNode node) {
        return node.metrics()
                .text()
                .lines()
                .filter(line -> line.startsWith("tuskmq_bad_packets_total "))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(' ') + 1)))
                .sum();
    }

    @Test
    void aProxyThatIsNotListedIsRefused(TestDatabase database) throws Exception {
        Needs.that(HaProxy.isInstalled(), "haproxy is not installed");
        int port = Ports.free();
        try (TestNode node = node(database, "192.0.2.0/24");
                Program proxy = haProxy(port, node.port(), "send-proxy")) {
            Await.until("the node has refused its headers", SOON, () -> badPackets(node) > 0, proxy::tail);
            assertEquals(false, comesIn(CLIENT, port));
            try (RawClient direct = connect(CLIENT, node.port())) {
                direct.send(Packets.connect("direct"));
                assertEquals("20 00 00", direct.read().hex());
            }
        }
    }
}
