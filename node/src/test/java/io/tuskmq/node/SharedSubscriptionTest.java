package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hivemq.client.mqtt.MqttClient;
import com.hivemq.client.mqtt.MqttGlobalPublishFilter;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.mqtt5.Mqtt5BlockingClient;
import com.hivemq.client.mqtt.mqtt5.message.publish.Mqtt5Publish;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.ExtendWith;

/** Shared subscriptions with a client library: each message goes to one member, and none is lost when members come and go. */
@ExtendWith(PostgresExtension.class)
@TestInstance(Lifecycle.PER_CLASS)
class SharedSubscriptionTest {
    private TestNode node;

    @BeforeAll
    void start(TestDatabase database) {
        node = new TestNode(database);
    }

    @AfterAll
    void stop() {
        node.close();
    }

    /** A client and what it got. */
    private final class Member implements AutoCloseable {
        private final Mqtt5BlockingClient client;
        private final Mqtt5BlockingClient.Mqtt5Publishes publishes;

        Member(String clientId, String filter, MqttQos qos, long expirySeconds, boolean acknowledges) {
            client = MqttClient.builder()
                    .useMqttVersion5()
                    .identifier(clientId)
                    .serverHost("127.0.0.1")
                    .serverPort(node.port())
                    .buildBlocking();
            publishes = client.publishes(MqttGlobalPublishFilter.ALL, !acknowledges);
            client.connectWith()
                    .cleanStart(false)
                    .sessionExpiryInterval(expirySeconds)
                    .send();
            client.subscribeWith().topicFilter(filter).qos(qos).send();
        }

        /** The next payloads, at most {@code max}, until none comes for a while. */
        List<String> receive(int max) throws InterruptedException {
            List<String> got = new ArrayList<>();
            while (got.size() < max) {
                var publish = publishes.receive(got.isEmpty() ? 20 : 3, TimeUnit.SECONDS);
                if (publish.isEmpty()) {
                    break;
                }
                got.add(text(publish.get()));
            }
            return got;
        }

        @Override
        public void close() {
            publishes.close();
            client.disconnect();
        }
    }

    private static String text(Mqtt5Publish publish) {
        return new String(publish.getPayloadAsBytes(), StandardCharsets.UTF_8);
    }

    private void publish(String topic, MqttQos qos, int from, int to) {
        Mqtt5BlockingClient publisher = MqttClient.builder()
                .useMqttVersion5()
                .serverHost("127.0.0.1")
                .serverPort(node.port())
                .buildBlocking();
        publisher.connect();
        for (int i = from; i < to; i++) {
            publisher
                    .publishWith()
                    .topic(topic)
                    .qos(qos)
                    .payload(Integer.toString(i).getBytes(StandardCharsets.UTF_8))
                    .send();
        }
        publisher.disconnect();
    }

    private static Set<Integer> numbers(List<String> payloads) {
        Set<Integer> numbers = new TreeSet<>();
        payloads.forEach(payload -> numbers.add(Integer.parseInt(payload)));
        return numbers;
    }

    private static Set<Integer> range(int from, int to) {
        Set<Integer> numbers = new TreeSet<>();
        for (int i = from; i < to; i++) {
            numbers.add(i);
        }
        return numbers;
    }

    /** [MQTT5-4.8.2-1] [MQTT5-4.8.2-2] */
    @Test
    void dealsEachMessageToOneMember() throws Exception {
        try (Member a = new Member("deal-a", "$share/deal/d/#", MqttQos.AT_LEAST_ONCE, 0, true);
                Member b = new Member("deal-b", "$share/deal/d/#", MqttQos.EXACTLY_ONCE, 600, true)) {
            publish("d/1", MqttQos.EXACTLY_ONCE, 0, 20);
            List<String> got = a.receive(10);
            assertEquals(10, got.size(), "half of them");
            got.addAll(b.receive(10));
            assertEquals(20, got.size());
            assertEquals(range(0, 20), numbers(got));
        }
    }

    @Test
    void keepsMessagesWhileAllMembersAreAway() throws Exception {
        new Member("away-a", "$share/away/w", MqttQos.EXACTLY_ONCE, 600, true).close();
        publish("w", MqttQos.EXACTLY_ONCE, 0, 30);
        try (Member a = new Member("away-a", "$share/away/w", MqttQos.EXACTLY_ONCE, 600, true)) {
            List<String> got = a.receive(30);
            assertEquals(30, got.size());
            assertEquals(range(0, 30), numbers(got));
        }
    }

    /** What a member did not acknowledge goes to another one when it leaves. */
    @Test
    void anotherMemberGetsWhatALeavingOneDidNotAcknowledge() throws Exception {
        try (Member stays = new Member("leave-b", "$share/leave/l", MqttQos.AT_LEAST_ONCE, 600, true)) {
            Member leaves = new Member("leave-a", "$share/leave/l", MqttQos.AT_LEAST_ONCE, 600, false);
            publish("l", MqttQos.AT_LEAST_ONCE, 0, 20);
            List<String> unacknowledged = leaves.receive(10);
            assertEquals(10, unacknowledged.size());
            List<String> got = stays.receive(10);
            leaves.close();
            got.addAll(stays.receive(10));
            assertEquals(range(0, 20), numbers(got), "nothing is lost with the member that left");
        }
    }

    /** [MQTT5-4.8.2-3] the QoS is that of the member's own subscription. */
    @Test
    void respectsTheQosOfEachMember() throws Exception {
        try (Member zero = new Member("qos-a", "$share/qos/q", MqttQos.AT_MOST_ONCE, 0, true)) {
            publish("q", MqttQos.EXACTLY_ONCE, 0, 3);
            for (int i = 0; i < 3; i++) {
                var publish = zero.publishes.receive(20, TimeUnit.SECONDS);
                assertTrue(publish.isPresent());
                assertEquals(MqttQos.AT_MOST_ONCE, publish.get().getQos());
            }
        }
    }

    @Test
    void anOrdinarySubscriptionBesideItGetsItsOwnCopy() throws Exception {
        try (Member both = new Member("both", "$share/both/b", MqttQos.AT_LEAST_ONCE, 600, true)) {
            both.client
                    .subscribeWith()
                    .topicFilter("b")
                    .qos(MqttQos.AT_LEAST_ONCE)
                    .send();
            publish("b", MqttQos.AT_LEAST_ONCE, 0, 5);
            assertEquals(10, both.receive(10).size());
        }
    }
}
