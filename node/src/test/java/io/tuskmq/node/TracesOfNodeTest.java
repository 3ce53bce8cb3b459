package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hivemq.client.mqtt.MqttClient;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.mqtt5.Mqtt5BlockingClient;
import com.sun.net.httpserver.HttpServer;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A node sends traces to a collector when it is told to. */
@ExtendWith(PostgresExtension.class)
class TracesOfNodeTest {
    private static void publishToItself(int port) {
        Mqtt5BlockingClient client = MqttClient.builder()
                .useMqttVersion5()
                .identifier("c")
                .serverPort(port)
                .buildBlocking();
        client.connectWith().sessionExpiryInterval(3_600).send();
        client.subscribeWith().topicFilter("plant/#").qos(MqttQos.AT_LEAST_ONCE).send();
        try (var publishes = client.publishes(com.hivemq.client.mqtt.MqttGlobalPublishFilter.ALL)) {
            client.publishWith().topic("plant/1").qos(MqttQos.AT_LEAST_ONCE).send();
            assertTrue(publishes.receive(30, TimeUnit.SECONDS).isPresent());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        client.disconnect();
    }

    @Test
    void theWayOfAMessageComesToTheCollector(TestDatabase database) throws Exception {
        BlockingQueue<String> bodies = new LinkedBlockingQueue<>();
        HttpServer collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 8);
        collector.createContext("/v1/traces", exchange -> {
            bodies.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        collector.start();
        String endpoint = "http://127.0.0.1:" + collector.getAddress().getPort() + "/v1/traces";
        try (TestNode node = new TestNode(database, "tracing.endpoint", endpoint, "tracing.one-in", "1")) {
            publishToItself(node.port());
            StringBuilder sent = new StringBuilder();
            while (!List.of("publish", "append", "deliver", "plant/1", "tuskmq-1").stream()
                    .allMatch(word -> sent.indexOf(word) >= 0)) {
                String body = bodies.poll(60, TimeUnit.SECONDS);
                assertTrue(body != null, sent::toString);
                sent.append(body);
            }
        } finally {
            collector.stop(0);
        }
    }

    @Test
    void aCollectorThatIsAwayDelaysNobody(TestDatabase database) {
        try (TestNode node =
                new TestNode(database, "tracing.endpoint", "http://127.0.0.1:1/v1/traces", "tracing.one-in", "1")) {
            publishToItself(node.port());
        }
    }

    @Test
    void theyAreOffByDefault() {
        assertEquals(io.tuskmq.node.session.Traces.OFF, TracingSettings.traces(Settings.of(java.util.Map.of())));
        assertFalse(Settings.of(java.util.Map.of()).isGiven(TracingSettings.TRACING_ENDPOINT));
    }
}
