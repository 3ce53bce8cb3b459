package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hivemq.client.mqtt.MqttClient;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.mqtt3.Mqtt3BlockingClient;
import com.hivemq.client.mqtt.mqtt5.Mqtt5BlockingClient;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What clients do is to be seen in the metrics of their node. */
@ExtendWith(PostgresExtension.class)
class NodeMetricsTest {
    /** The value, once it is that. */
    private static void becomes(double expected, TestNode node, String sample) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (value(node, sample) != expected && System.nanoTime() < end) {
            CompletableFuture.runAsync(() -> {}, CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS))
                    .get();
        }
        assertEquals(expected, value(node, sample), sample);
    }

    private static double value(TestNode node, String sample) {
        return Pattern.compile("^" + Pattern.quote(sample) + " (\\S+)$", Pattern.MULTILINE)
                .matcher(node.metrics().text())
                .results()
                .map((MatchResult match) -> Double.valueOf(match.group(1)))
                .findFirst()
                .orElse(Double.NaN);
    }

    @Test
    void connectionsAreCountedByVersionAndTransport(TestDatabase database) throws Exception {
        try (TestNode node = new TestNode(database)) {
            Mqtt5BlockingClient five = MqttClient.builder()
                    .useMqttVersion5()
                    .identifier("five")
                    .serverPort(node.port())
                    .buildBlocking();
            Mqtt3BlockingClient three = MqttClient.builder()
                    .useMqttVersion3()
                    .identifier("three")
                    .serverPort(node.webSocketPort())
                    .webSocketConfig()
                    .serverPath("mqtt")
                    .applyWebSocketConfig()
                    .buildBlocking();
            five.connect();
            three.connect();
            becomes(1, node, "tuskmq_connections{transport=\"tcp\",version=\"5\"}");
            becomes(1, node, "tuskmq_connections{transport=\"ws\",version=\"3.1.1\"}");
            becomes(0, node, "tuskmq_connections{transport=\"tcp\",version=\"3.1.1\"}");
            five.disconnect();
            becomes(0, node, "tuskmq_connections{transport=\"tcp\",version=\"5\"}");
            three.disconnect();
            becomes(0, node, "tuskmq_connections{transport=\"ws\",version=\"3.1.1\"}");
        }
    }

    @Test
    void messagesAndSessionsAreCounted(TestDatabase database) throws Exception {
        try (TestNode node = new TestNode(database)) {
            Mqtt5BlockingClient client = MqttClient.builder()
                    .useMqttVersion5()
                    .identifier("stored")
                    .serverPort(node.port())
                    .buildBlocking();
            client.connectWith().sessionExpiryInterval(3_600).send();
            client.subscribeWith().topicFilter("t").qos(MqttQos.EXACTLY_ONCE).send();
            becomes(1, node, "tuskmq_sessions{state=\"live\"}");
            for (MqttQos qos : MqttQos.values()) {
                client.publishWith().topic("t").qos(qos).send();
            }
            for (int qos = 0; qos <= 2; qos++) {
                becomes(1, node, "tuskmq_publish_received_total{qos=\"" + qos + "\"}");
                becomes(1, node, "tuskmq_publish_sent_total{qos=\"" + qos + "\"}");
            }
            assertTrue(value(node, "tuskmq_append_batch_messages_sum") >= 2);
            assertTrue(value(node, "tuskmq_append_commit_seconds_sum") > 0);
            assertTrue(value(node, "tuskmq_lease_seconds") > 0);
            assertEquals(8, value(node, "tuskmq_database_connections{state=\"max\"}"));
            client.disconnect();
            becomes(0, node, "tuskmq_sessions{state=\"live\"}");
        }
    }
}
