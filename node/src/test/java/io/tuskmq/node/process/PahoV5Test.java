package io.tuskmq.node.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.paho.mqttv5.client.IMqttToken;
import org.eclipse.paho.mqttv5.client.MqttAsyncClient;
import org.eclipse.paho.mqttv5.client.MqttCallback;
import org.eclipse.paho.mqttv5.client.MqttConnectionOptions;
import org.eclipse.paho.mqttv5.client.MqttDisconnectResponse;
import org.eclipse.paho.mqttv5.client.persist.MemoryPersistence;
import org.eclipse.paho.mqttv5.common.MqttException;
import org.eclipse.paho.mqttv5.common.MqttMessage;
import org.eclipse.paho.mqttv5.common.MqttSubscription;
import org.eclipse.paho.mqttv5.common.packet.MqttProperties;
import org.eclipse.paho.mqttv5.common.packet.UserProperty;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Eclipse Paho for MQTT 5. */
@ExtendWith(PostgresExtension.class)
class PahoV5Test {
    private static final long PATIENCE_MILLIS = 60_000;

    private static LibraryNode node;

    @BeforeAll
    static void startNode(TestDatabase database) {
        node = new LibraryNode(database);
    }

    @AfterAll
    static void stopNode() {
        node.close();
    }

    private record Received(String topic, MqttMessage message) {
        String text() {
            return topic + " " + message.getQos() + " " + message.isRetained() + " "
                    + new String(message.getPayload(), StandardCharsets.UTF_8);
        }
    }

    private static final class Paho implements MqttCallback, AutoCloseable {
        private final MqttAsyncClient client;
        private final MqttConnectionOptions options = new MqttConnectionOptions();
        private final BlockingQueue<Received> received = new LinkedBlockingQueue<>();
        private final BlockingQueue<Integer> disconnected = new LinkedBlockingQueue<>();

        Paho(String address, String clientId) throws MqttException {
            client = new MqttAsyncClient(address, clientId, new MemoryPersistence());
            client.setCallback(this);
            options.setKeepAliveInterval(30);
        }

        IMqttToken connect() throws MqttException {
            IMqttToken token = client.connect(options);
            token.waitForCompletion(PATIENCE_MILLIS);
            return token;
        }

        void subscribe(String filter, int qos) throws MqttException {
            client.subscribe(filter, qos).waitForCompletion(PATIENCE_MILLIS);
        }

        void publish(String topic, int qos, boolean retain, String payload) throws MqttException {
            client.publish(topic, payload.getBytes(StandardCharsets.UTF_8), qos, retain)
                    .waitForCompletion(PATIENCE_MILLIS);
        }

        Received take() throws InterruptedException {
            Received next = received.poll(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
            if (next == null) {
                throw new AssertionError("nothing came");
            }
            return next;
        }

        String next() throws InterruptedException {
            return take().text();
        }

        @Override
        public void messageArrived(String topic, MqttMessage message) {
            received.add(new Received(topic, message));
        }

        @Override
        public void disconnected(MqttDisconnectResponse response) {
            disconnected.add(response.getReturnCode());
        }

        @Override
        public void mqttErrorOccurred(MqttException exception) {}

        @Override
        public void deliveryComplete(IMqttToken token) {}

        @Override
        public void connectComplete(boolean reconnect, String serverUri) {}

        @Override
        public void authPacketArrived(int reasonCode, MqttProperties properties) {}

        @Override
        public void close() throws MqttException {
            if (client.isConnected()) {
                client.disconnect().waitForCompletion(PATIENCE_MILLIS);
            }
            client.close(true);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "ws"})
    void publishesAndReceivesWithEachQos(String transport) throws Exception {
        String address = transport.equals("tcp") ? node.tcp() : node.webSocket();
        try (Paho client = new Paho(address, "five-" + transport)) {
            client.connect();
            client.subscribe("five/" + transport + "/#", 2);
            for (int qos = 0; qos <= 2; qos++) {
                client.publish("five/" + transport + "/x", qos, false, "p");
                assertEquals("five/" + transport + "/x " + qos + " false p", client.next());
            }
        }
    }

    @Test
    void aSessionLivesForItsExpiryAndMissedMessagesComeInOrder() throws Exception {
        try (Paho client = new Paho(node.tcp(), "five-session");
                Paho publisher = new Paho(node.tcp(), "five-session-pub")) {
            client.options.setCleanStart(false);
            client.options.setSessionExpiryInterval(3_600L);
            assertFalse(client.connect().getSessionPresent());
            client.subscribe("five/missed", 2);
            client.client.disconnect().waitForCompletion(PATIENCE_MILLIS);
            publisher.connect();
            for (int i = 0; i < 100; i++) {
                publisher.publish("five/missed", 2, false, Integer.toString(i));
            }
            assertTrue(client.connect().getSessionPresent());
            for (int i = 0; i < 100; i++) {
                assertEquals("five/missed 2 false " + i, client.next());
            }
        }
    }

    @Test
    void anExpiredMessageIsNotDelivered() throws Exception {
        try (Paho client = new Paho(node.tcp(), "five-expired");
                Paho publisher = new Paho(node.tcp(), "five-expired-pub")) {
            client.options.setCleanStart(false);
            client.options.setSessionExpiryInterval(3_600L);
            client.connect();
            client.subscribe("five/expired", 1);
            client.subscribe("five/clock", 1);
            client.client.disconnect().waitForCompletion(PATIENCE_MILLIS);
            publisher.connect();
            MqttMessage message = new MqttMessage("old".getBytes(StandardCharsets.UTF_8));
            message.setQos(1);
            message.setProperties(new MqttProperties());
            message.getProperties().setMessageExpiryInterval(1L);
            publisher.client.publish("five/expired", message).waitForCompletion(PATIENCE_MILLIS);
            // A session that ends after 2 s, and its will: so much later it is then.
            try (Paho watcher = new Paho(node.tcp(), "five-clock-watch")) {
                watcher.connect();
                watcher.subscribe("five/clock", 1);
                Paho clock = new Paho(node.tcp(), "five-clock");
                MqttMessage will = new MqttMessage("tick".getBytes(StandardCharsets.UTF_8));
                will.setQos(1);
                clock.options.setWill("five/clock", will);
                clock.options.setSessionExpiryInterval(2L);
                MqttProperties delay = new MqttProperties();
                delay.setWillDelayInterval(2L);
                clock.options.setWillMessageProperties(delay);
                clock.connect();
                clock.client.disconnectForcibly(1, 1, false);
                clock.client.close(true);
                assertEquals("five/clock 1 false tick", watcher.next());
            }
            client.connect();
            assertEquals("five/clock 1 false tick", client.next());
        }
    }

    @Test
    void requestAndResponseFindEachOther() throws Exception {
        try (Paho server = new Paho(node.tcp(), "five-server");
                Paho client = new Paho(node.tcp(), "five-client")) {
            server.connect();
            server.subscribe("five/request", 1);
            client.connect();
            client.subscribe("five/answer/client", 1);
            MqttMessage request = new MqttMessage("question".getBytes(StandardCharsets.UTF_8));
            request.setQos(1);
            MqttProperties properties = new MqttProperties();
            properties.setResponseTopic("five/answer/client");
            properties.setCorrelationData(new byte[] {0, 1, 2});
            properties.setUserProperties(List.of(new UserProperty("k", "v1"), new UserProperty("k", "v2")));
            request.setProperties(properties);
            client.client.publish("five/request", request).waitForCompletion(PATIENCE_MILLIS);
            MqttProperties asked = server.take().message().getProperties();
            assertEquals(
                    List.of("v1", "v2"),
                    asked.getUserProperties().stream()
                            .map(UserProperty::getValue)
                            .toList());
            MqttMessage answer = new MqttMessage("answer".getBytes(StandardCharsets.UTF_8));
            answer.setQos(1);
            MqttProperties back = new MqttProperties();
            back.setCorrelationData(asked.getCorrelationData());
            answer.setProperties(back);
            server.client.publish(asked.getResponseTopic(), answer).waitForCompletion(PATIENCE_MILLIS);
            Received got = client.take();
            assertEquals("five/answer/client 1 false answer", got.text());
            assertEquals(
                    List.of((byte) 0, (byte) 1, (byte) 2),
                    bytes(got.message().getProperties().getCorrelationData()));
        }
    }

    private static List<Byte> bytes(byte[] data) {
        List<Byte> all = new java.util.ArrayList<>();
        for (byte one : data) {
            all.add(one);
        }
        return all;
    }

    @Test
    void subscriptionIdentifiersAndOptionsAreKept() throws Exception {
        try (Paho client = new Paho(node.tcp(), "five-id")) {
            client.connect();
            MqttSubscription subscription = new MqttSubscription("five/id/+", 1);
            subscription.setRetainAsPublished(true);
            MqttProperties properties = new MqttProperties();
            properties.setSubscriptionIdentifier(77);
            client.client
                    .subscribe(new MqttSubscription[] {subscription}, null, null, properties)
                    .waitForCompletion(PATIENCE_MILLIS);
            client.publish("five/id/x", 1, true, "p");
            Received got = client.take();
            assertEquals("five/id/x 1 true p", got.text());
            assertEquals(List.of(77), got.message().getProperties().getSubscriptionIdentifiers());
        }
    }

    @Test
    void aTakeoverTellsItsReason() throws Exception {
        try (Paho first = new Paho(node.tcp(), "five-twice");
                Paho second = new Paho(node.tcp(), "five-twice")) {
            first.connect();
            second.connect();
            assertEquals(0x8E, first.disconnected.poll(PATIENCE_MILLIS, TimeUnit.MILLISECONDS));
        }
    }

    @Test
    void theServerAssignsAClientIdentifier() throws Exception {
        try (Paho client = new Paho(node.tcp(), "")) {
            IMqttToken token = client.connect();
            assertFalse(
                    token.getResponseProperties().getAssignedClientIdentifier().isEmpty());
        }
    }

    @Test
    void theWillWithItsPropertiesIsPublishedAfterAnAbruptEnd() throws Exception {
        try (Paho watcher = new Paho(node.tcp(), "five-will-watch")) {
            watcher.connect();
            watcher.subscribe("five/will", 2);
            Paho client = new Paho(node.tcp(), "five-will");
            MqttMessage will = new MqttMessage("gone".getBytes(StandardCharsets.UTF_8));
            will.setQos(2);
            client.options.setWill("five/will", will);
            MqttProperties properties = new MqttProperties();
            properties.setContentType("text/plain");
            client.options.setWillMessageProperties(properties);
            client.connect();
            client.client.disconnectForcibly(1, 1, false);
            client.client.close(true);
            Received got = watcher.take();
            assertEquals("five/will 2 false gone", got.text());
            assertEquals("text/plain", got.message().getProperties().getContentType());
        }
    }
}
