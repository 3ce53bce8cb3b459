package io.tuskmq.node.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.paho.client.mqttv3.IMqttDeliveryToken;
import org.eclipse.paho.client.mqttv3.MqttCallback;
import org.eclipse.paho.client.mqttv3.MqttClient;
import org.eclipse.paho.client.mqttv3.MqttConnectOptions;
import org.eclipse.paho.client.mqttv3.MqttException;
import org.eclipse.paho.client.mqttv3.MqttMessage;
import org.eclipse.paho.client.mqttv3.persist.MemoryPersistence;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Eclipse Paho for MQTT 3.1 and 3.1.1. */
@ExtendWith(PostgresExtension.class)
class PahoV3Test {
    private static LibraryNode node;

    @BeforeAll
    static void startNode(TestDatabase database) {
        node = new LibraryNode(database);
    }

    @AfterAll
    static void stopNode() {
        node.close();
    }

    /** A client that keeps what it receives, as text: {@code topic qos retained payload}. */
    private static final class Paho implements MqttCallback, AutoCloseable {
        private final MqttClient client;
        private final MqttConnectOptions options = new MqttConnectOptions();
        private final BlockingQueue<String> received = new LinkedBlockingQueue<>();

        Paho(String address, String clientId, boolean clean) throws MqttException {
            client = new MqttClient(address, clientId, new MemoryPersistence());
            client.setTimeToWait(60_000);
            client.setCallback(this);
            options.setCleanSession(clean);
        }

        boolean connect() throws MqttException {
            return client.connectWithResult(options).getSessionPresent();
        }

        void publish(String topic, int qos, boolean retain, String payload) throws MqttException {
            client.publish(topic, payload.getBytes(StandardCharsets.UTF_8), qos, retain);
        }

        String next() throws InterruptedException {
            return String.valueOf(received.poll(60, TimeUnit.SECONDS));
        }

        @Override
        public void connectionLost(Throwable cause) {
            received.add("lost");
        }

        @Override
        public void messageArrived(String topic, MqttMessage message) {
            received.add(topic + " " + message.getQos() + " " + message.isRetained() + " "
                    + new String(message.getPayload(), StandardCharsets.UTF_8));
        }

        @Override
        public void deliveryComplete(IMqttDeliveryToken token) {}

        @Override
        public void close() throws MqttException {
            if (client.isConnected()) {
                client.disconnect();
            }
            client.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "ws"})
    void publishesAndReceivesWithEachQos(String transport) throws Exception {
        String address = transport.equals("tcp") ? node.tcp() : node.webSocket();
        try (Paho subscriber = new Paho(address, transport + "-sub", true);
                Paho publisher = new Paho(address, transport + "-pub", true)) {
            assertFalse(subscriber.connect());
            publisher.connect();
            subscriber.client.subscribe(
                    new String[] {transport + "/0/+", transport + "/1/#", transport + "/2"}, new int[] {0, 1, 2});
            publisher.publish(transport + "/0/a", 2, false, "a");
            assertEquals(transport + "/0/a 0 false a", subscriber.next());
            publisher.publish(transport + "/1/b/c", 1, false, "b");
            assertEquals(transport + "/1/b/c 1 false b", subscriber.next());
            publisher.publish(transport + "/2", 2, false, "c");
            assertEquals(transport + "/2 2 false c", subscriber.next());
            publisher.publish(transport + "/2", 0, false, "d");
            assertEquals(transport + "/2 0 false d", subscriber.next());
            subscriber.client.unsubscribe(transport + "/2");
            publisher.publish(transport + "/2", 2, false, "not subscribed any more");
            publisher.publish(transport + "/1", 1, false, "last");
            assertEquals(transport + "/1 1 false last", subscriber.next());
        }
    }

    @Test
    void speaksMqtt31() throws Exception {
        try (Paho client = new Paho(node.tcp(), "v31", true)) {
            client.options.setMqttVersion(MqttConnectOptions.MQTT_VERSION_3_1);
            client.connect();
            client.client.subscribe("v31", 2);
            client.publish("v31", 2, false, "old");
            assertEquals("v31 2 false old", client.next());
        }
    }

    @Test
    void aPersistentSessionGetsWhatItMissedInOrder() throws Exception {
        List<String> expected = new ArrayList<>();
        try (Paho subscriber = new Paho(node.tcp(), "persistent", false);
                Paho publisher = new Paho(node.tcp(), "persistent-pub", true)) {
            assertFalse(subscriber.connect());
            subscriber.client.subscribe("missed/#", 2);
            subscriber.client.disconnect();
            publisher.connect();
            for (int i = 0; i < 200; i++) {
                publisher.publish("missed/x", 2, false, Integer.toString(i));
                expected.add("missed/x 2 false " + i);
            }
            assertTrue(subscriber.connect());
            List<String> got = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                got.add(subscriber.next());
            }
            assertEquals(expected, got);
        }
    }

    @Test
    void retainedMessagesAreKeptReplacedAndCleared() throws Exception {
        try (Paho publisher = new Paho(node.tcp(), "retain-pub", true);
                Paho subscriber = new Paho(node.tcp(), "retain-sub", true)) {
            publisher.connect();
            subscriber.connect();
            publisher.publish("retained/a", 1, true, "first");
            publisher.publish("retained/a", 1, true, "second");
            publisher.publish("retained/b", 2, true, "other");
            publisher.publish("retained/b", 2, true, "");
            subscriber.client.subscribe("retained/+", 2);
            assertEquals("retained/a 1 true second", subscriber.next());
            publisher.publish("retained/b", 1, false, "mark");
            assertEquals("retained/b 1 false mark", subscriber.next());
        }
    }

    @Test
    void theWillOfAClosedConnectionIsPublished() throws Exception {
        try (Paho watcher = new Paho(node.tcp(), "will-watch", true)) {
            watcher.connect();
            watcher.client.subscribe("will", 2);
            Paho client = new Paho(node.tcp(), "will-client", true);
            client.options.setWill("will", "gone".getBytes(StandardCharsets.UTF_8), 2, false);
            client.connect();
            client.client.disconnectForcibly(1, 1, false); // without DISCONNECT
            client.client.close();
            assertEquals("will 2 false gone", watcher.next());
        }
    }

    @Test
    void aSecondConnectionTakesOver() throws Exception {
        try (Paho first = new Paho(node.tcp(), "twice", false);
                Paho second = new Paho(node.tcp(), "twice", false)) {
            first.connect();
            assertTrue(second.connect());
            assertEquals("lost", first.next());
        }
    }
}
