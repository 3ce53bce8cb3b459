package io.tuskmq.node.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hivemq.client.mqtt.MqttClient;
import com.hivemq.client.mqtt.MqttGlobalPublishFilter;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.mqtt3.Mqtt3BlockingClient;
import com.hivemq.client.mqtt.mqtt5.Mqtt5BlockingClient;
import com.hivemq.client.mqtt.mqtt5.Mqtt5BlockingClient.Mqtt5Publishes;
import com.hivemq.client.mqtt.mqtt5.Mqtt5ClientBuilder;
import com.hivemq.client.mqtt.mqtt5.message.connect.connack.Mqtt5ConnAck;
import com.hivemq.client.mqtt.mqtt5.message.disconnect.Mqtt5DisconnectReasonCode;
import com.hivemq.client.mqtt.mqtt5.message.publish.Mqtt5Publish;
import com.hivemq.client.mqtt.mqtt5.message.subscribe.Mqtt5RetainHandling;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The HiveMQ MQTT client, mostly for MQTT 5. */
@ExtendWith(PostgresExtension.class)
class HiveMqClientTest {
    private static LibraryNode node;

    @BeforeAll
    static void startNode(TestDatabase database) {
        node = new LibraryNode(database);
    }

    @AfterAll
    static void stopNode() {
        node.close();
    }

    private static Mqtt5ClientBuilder builder() {
        return MqttClient.builder().useMqttVersion5().serverHost("127.0.0.1").serverPort(node.port());
    }

    private static Mqtt5BlockingClient client(String clientId) {
        return builder().identifier(clientId).buildBlocking();
    }

    private static Mqtt5BlockingClient connected(String clientId) {
        Mqtt5BlockingClient client = client(clientId);
        client.connect();
        return client;
    }

    private static Mqtt5Publish next(Mqtt5Publishes publishes) throws InterruptedException {
        return publishes.receive(60, TimeUnit.SECONDS).orElseThrow(() -> new AssertionError("nothing came"));
    }

    private static String text(Mqtt5Publish publish) {
        return publish.getTopic() + " " + publish.getQos().getCode() + " "
                + new String(publish.getPayloadAsBytes(), StandardCharsets.UTF_8);
    }

    private static void publish(Mqtt5BlockingClient client, String topic, MqttQos qos, String payload) {
        client.publishWith()
                .topic(topic)
                .qos(qos)
                .payload(payload.getBytes(StandardCharsets.UTF_8))
                .send();
    }

    private static void subscribe(Mqtt5BlockingClient client, String filter) {
        client.subscribeWith().topicFilter(filter).qos(MqttQos.EXACTLY_ONCE).send();
    }

    @Test
    void publishesAndReceivesWithEachQosOverWebSocketToo() throws InterruptedException {
        Mqtt5BlockingClient overWebSocket = MqttClient.builder()
                .useMqttVersion5()
                .identifier("ws")
                .serverHost("127.0.0.1")
                .serverPort(node.webSocketPort())
                .webSocketConfig()
                .serverPath("mqtt")
                .applyWebSocketConfig()
                .buildBlocking();
        overWebSocket.connect();
        Mqtt5BlockingClient overTcp = connected("tcp");
        try (Mqtt5Publishes publishes = overWebSocket.publishes(MqttGlobalPublishFilter.ALL)) {
            subscribe(overWebSocket, "qos/#");
            for (MqttQos qos : MqttQos.values()) {
                publish(overTcp, "qos/x", qos, "over tcp");
                assertEquals("qos/x " + qos.getCode() + " over tcp", text(next(publishes)));
                publish(overWebSocket, "qos/y", qos, "over web socket");
                assertEquals("qos/y " + qos.getCode() + " over web socket", text(next(publishes)));
            }
        }
        overWebSocket.disconnect();
        overTcp.disconnect();
    }

    @Test
    void speaksMqtt311() throws InterruptedException {
        Mqtt3BlockingClient client = MqttClient.builder()
                .useMqttVersion3()
                .identifier("v311")
                .serverHost("127.0.0.1")
                .serverPort(node.port())
                .buildBlocking();
        assertFalse(client.connectWith().cleanSession(false).send().isSessionPresent());
        client.subscribeWith().topicFilter("v311").qos(MqttQos.EXACTLY_ONCE).send();
        client.disconnect();
        Mqtt5BlockingClient publisher = connected("v311-pub");
        publish(publisher, "v311", MqttQos.EXACTLY_ONCE, "from version 5");
        try (Mqtt3BlockingClient.Mqtt3Publishes publishes = client.publishes(MqttGlobalPublishFilter.ALL)) {
            assertTrue(client.connectWith().cleanSession(false).send().isSessionPresent());
            assertEquals(
                    "from version 5",
                    new String(
                            publishes
                                    .receive(60, TimeUnit.SECONDS)
                                    .orElseThrow()
                                    .getPayloadAsBytes(),
                            StandardCharsets.UTF_8));
        }
        client.disconnect();
        publisher.disconnect();
    }

    @Test
    void theConnAckTellsWhatTheServerGrants() {
        Mqtt5BlockingClient client = builder().buildBlocking();
        Mqtt5ConnAck connAck =
                client.connectWith().sessionExpiryInterval(60).keepAlive(200).send();
        assertTrue(connAck.getAssignedClientIdentifier().isPresent());
        assertEquals(100, connAck.getServerKeepAlive().orElseThrow());
        assertEquals(10, connAck.getRestrictions().getReceiveMaximum());
        assertEquals(5, connAck.getRestrictions().getTopicAliasMaximum());
        assertTrue(connAck.getRestrictions().isRetainAvailable());
        assertTrue(connAck.getRestrictions().isWildcardSubscriptionAvailable());
        assertTrue(connAck.getRestrictions().areSubscriptionIdentifiersAvailable());
        client.disconnect();
    }

    @Test
    void aSessionLivesForItsExpiry() throws InterruptedException {
        Mqtt5BlockingClient client = client("expiry");
        client.connectWith().cleanStart(false).sessionExpiryInterval(3_600).send();
        subscribe(client, "expiry");
        client.disconnect();
        Mqtt5BlockingClient publisher = connected("expiry-pub");
        for (int i = 0; i < 100; i++) {
            publish(publisher, "expiry", MqttQos.fromCode(1 + i % 2), Integer.toString(i));
        }
        publisher.disconnect();
        try (Mqtt5Publishes publishes = client.publishes(MqttGlobalPublishFilter.ALL)) {
            assertTrue(client.connectWith()
                    .cleanStart(false)
                    .sessionExpiryInterval(3_600)
                    .send()
                    .isSessionPresent());
            Set<String> got = new HashSet<>();
            for (int i = 0; i < 100; i++) {
                assertTrue(got.add(text(next(publishes))));
            }
        }
        client.disconnectWith().sessionExpiryInterval(0).send();
        assertFalse(client.connectWith().cleanStart(false).send().isSessionPresent());
        client.disconnect();
    }

    @Test
    void propertiesOfAMessageArriveAsSent() throws InterruptedException {
        Mqtt5BlockingClient client = connected("properties");
        try (Mqtt5Publishes publishes = client.publishes(MqttGlobalPublishFilter.ALL)) {
            subscribe(client, "properties");
            client.publishWith()
                    .topic("properties")
                    .qos(MqttQos.AT_LEAST_ONCE)
                    .payload("p".getBytes(StandardCharsets.UTF_8))
                    .messageExpiryInterval(100)
                    .contentType("text/plain")
                    .responseTopic("answer")
                    .correlationData("42".getBytes(StandardCharsets.UTF_8))
                    .userProperties()
                    .add("a", "1")
                    .add("a", "2")
                    .applyUserProperties()
                    .send();
            Mqtt5Publish got = next(publishes);
            assertTrue(got.getMessageExpiryInterval().orElseThrow() <= 100);
            assertEquals("text/plain", got.getContentType().orElseThrow().toString());
            assertEquals("answer", got.getResponseTopic().orElseThrow().toString());
            assertEquals(
                    "42",
                    StandardCharsets.UTF_8
                            .decode(got.getCorrelationData().orElseThrow())
                            .toString());
            assertEquals("[(a, 1), (a, 2)]", got.getUserProperties().asList().toString());
        }
        client.disconnect();
    }

    @Test
    void noLocalRetainAsPublishedAndRetainHandlingAreKept() throws InterruptedException {
        Mqtt5BlockingClient client = connected("options");
        Mqtt5BlockingClient other = connected("options-other");
        other.publishWith()
                .topic("options/old")
                .retain(true)
                .qos(MqttQos.AT_LEAST_ONCE)
                .payload(new byte[1])
                .send();
        try (Mqtt5Publishes publishes = client.publishes(MqttGlobalPublishFilter.ALL)) {
            client.subscribeWith()
                    .topicFilter("options/+")
                    .qos(MqttQos.EXACTLY_ONCE)
                    .noLocal(true)
                    .retainAsPublished(true)
                    .retainHandling(Mqtt5RetainHandling.DO_NOT_SEND)
                    .send();
            publish(client, "options/own", MqttQos.AT_LEAST_ONCE, "own");
            other.publishWith()
                    .topic("options/new")
                    .retain(true)
                    .qos(MqttQos.AT_LEAST_ONCE)
                    .payload(new byte[1])
                    .send();
            Mqtt5Publish got = next(publishes);
            assertEquals("options/new", got.getTopic().toString());
            assertTrue(got.isRetain());
        }
        client.disconnect();
        other.disconnect();
    }

    @Test
    void theWillIsPublishedWhenTheClientAsksForIt() throws InterruptedException {
        Mqtt5BlockingClient watcher = connected("will-watch");
        try (Mqtt5Publishes publishes = watcher.publishes(MqttGlobalPublishFilter.ALL)) {
            subscribe(watcher, "will/hive");
            Mqtt5BlockingClient client = client("will-client");
            client.connectWith()
                    .willPublish()
                    .topic("will/hive")
                    .qos(MqttQos.EXACTLY_ONCE)
                    .payload("gone".getBytes(StandardCharsets.UTF_8))
                    .applyWillPublish()
                    .send();
            client.disconnectWith()
                    .reasonCode(Mqtt5DisconnectReasonCode.DISCONNECT_WITH_WILL_MESSAGE)
                    .send();
            assertEquals("will/hive 2 gone", text(next(publishes)));
        }
        watcher.disconnect();
    }

    @Test
    void aSmallReceiveMaximumAndMaximumPacketSizeAreRespected() throws InterruptedException {
        Mqtt5BlockingClient client = client("small");
        Mqtt5BlockingClient publisher = connected("small-pub");
        try (Mqtt5Publishes publishes = client.publishes(MqttGlobalPublishFilter.ALL)) {
            client.connectWith()
                    .restrictions()
                    .receiveMaximum(2)
                    .maximumPacketSize(200)
                    .topicAliasMaximum(3)
                    .applyRestrictions()
                    .send();
            subscribe(client, "small");
            publish(publisher, "small", MqttQos.AT_LEAST_ONCE, "x".repeat(300)); // dropped [MQTT5-3.1.2-25]
            for (int i = 0; i < 50; i++) {
                publish(publisher, "small", MqttQos.EXACTLY_ONCE, Integer.toString(i));
            }
            for (int i = 0; i < 50; i++) {
                assertEquals("small 2 " + i, text(next(publishes)));
            }
        }
        client.disconnect();
        publisher.disconnect();
    }

    /** The client gives its frequent topics aliases by itself. */
    @Test
    void topicAliasesOfTheClientAreResolved() throws InterruptedException {
        Mqtt5BlockingClient client = connected("alias");
        try (Mqtt5Publishes publishes = client.publishes(MqttGlobalPublishFilter.ALL)) {
            subscribe(client, "alias/#");
            for (int i = 0; i < 30; i++) {
                String topic = "alias/" + i % 7;
                publish(client, topic, MqttQos.AT_LEAST_ONCE, Integer.toString(i));
                assertEquals(topic + " 1 " + i, text(next(publishes)));
            }
        }
        client.disconnect();
    }

    @Test
    void aSharedSubscriptionGivesEachMessageToOneMember() throws InterruptedException {
        Mqtt5BlockingClient member = connected("shared-1");
        Mqtt5BlockingClient other = connected("shared-2");
        Mqtt5BlockingClient publisher = connected("shared-pub");
        try (Mqtt5Publishes publishes = member.publishes(MqttGlobalPublishFilter.ALL);
                Mqtt5Publishes others = other.publishes(MqttGlobalPublishFilter.ALL)) {
            subscribe(member, "$share/group/shared/#");
            subscribe(other, "$share/group/shared/#");
            for (int i = 0; i < 20; i++) {
                publish(publisher, "shared/x", MqttQos.AT_LEAST_ONCE, Integer.toString(i));
            }
            Set<String> got = new HashSet<>();
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (got.size() < 20) {
                assertTrue(System.nanoTime() < end, () -> "only " + got);
                for (Mqtt5Publishes of : java.util.List.of(publishes, others)) {
                    of.receive(20, TimeUnit.MILLISECONDS).ifPresent(p -> assertTrue(got.add(text(p)), "to one member"));
                }
            }
        }
        member.disconnect();
        other.disconnect();
        publisher.disconnect();
    }
}
