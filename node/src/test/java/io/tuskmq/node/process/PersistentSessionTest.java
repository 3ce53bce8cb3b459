package io.tuskmq.node.process;

import static io.tuskmq.node.mqtt.Packets.connect4;
import static io.tuskmq.node.mqtt.Packets.connect5;
import static io.tuskmq.node.mqtt.Packets.properties;
import static io.tuskmq.node.mqtt.Packets.property;
import static io.tuskmq.node.mqtt.Packets.pubAck;
import static io.tuskmq.node.mqtt.Packets.pubComp;
import static io.tuskmq.node.mqtt.Packets.pubRec;
import static io.tuskmq.node.mqtt.Packets.pubRel;
import static io.tuskmq.node.mqtt.Packets.publish;
import static io.tuskmq.node.mqtt.Packets.string;
import static io.tuskmq.node.mqtt.Packets.subscribeV5;
import static io.tuskmq.node.mqtt.Packets.u32;
import static io.tuskmq.node.mqtt.Packets.u8;
import static io.tuskmq.node.process.RawMqtt.again;
import static io.tuskmq.node.process.RawMqtt.clean;
import static io.tuskmq.node.process.RawMqtt.connect;
import static io.tuskmq.node.process.RawMqtt.persistent;
import static io.tuskmq.node.process.RawMqtt.received;
import static io.tuskmq.node.process.RawMqtt.subscribe;
import static io.tuskmq.node.process.RawMqtt.take;
import static io.tuskmq.node.process.RawMqtt.takeNext;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.RawMqtt.Received;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each of the five parts of a persistent session survives each of the four ends. */
class PersistentSessionTest {
    @RegisterExtension
    static final Brokers BROKERS = Brokers.perClass();

    @BeforeAll
    static void startBroker() {
        BROKERS.start();
    }

    /** How a connection ends. */
    enum End {
        CLEAN_DISCONNECT,
        ABRUPT_DISCONNECT,
        NODE_KILLED,
        NODE_AND_POSTGRES_KILLED;

        boolean isOfBroker() {
            return this == NODE_KILLED || this == NODE_AND_POSTGRES_KILLED;
        }

        /** Ends the connection; after it a broker runs. */
        void come(RawClient client) throws IOException {
            switch (this) {
                case CLEAN_DISCONNECT -> {
                    client.send(Packets.DISCONNECT);
                    assertTrue(client.readOrEnd().isEmpty(), "[MQTT-3.14.4-1] the connection is closed");
                }
                case ABRUPT_DISCONNECT -> client.abort();
                case NODE_KILLED -> {
                    BROKERS.current().killNine();
                    assertFalse(BROKERS.current().postgres().isEmpty(), "PostgreSQL outlives its node");
                    BROKERS.start();
                }
                case NODE_AND_POSTGRES_KILLED -> {
                    BROKERS.current().killNineAll();
                    BROKERS.start();
                }
            }
            client.close();
        }
    }

    private static int port() {
        return BROKERS.port();
    }

    /** [MQTT-4.1.0-1], [MQTT-3.1.2-5], [MQTT-3.2.2-2] */
    @ParameterizedTest
    @EnumSource
    void subscriptionsSurvive(End end) throws IOException {
        String own = "subscriptions/" + end;
        RawClient client = persistent(port(), own, false);
        subscribe(client, own + "/none", 0);
        subscribe(client, own + "/one/+", 1);
        subscribe(client, own + "/two/#", 2);
        end.come(client);
        try (RawClient back = persistent(port(), own, true);
                RawClient publisher = clean(port(), own + "/publisher")) {
            RawMqtt.publish(publisher, 2, 1, own + "/one/a", "1");
            assertEquals(new Received(false, 1, false, 1, own + "/one/a", "1"), take(back));
            RawMqtt.publish(publisher, 2, 2, own + "/two/a/b", "2");
            assertEquals(2, take(back).qos());
            RawMqtt.publish(publisher, 2, 3, own + "/one/a/b", "does not match");
            RawMqtt.publish(publisher, 2, 4, own + "/none", "0");
            assertEquals(new Received(false, 0, false, 0, own + "/none", "0"), take(back));
            back.ping();
        }
    }

    /** [MQTT5-4.1.0-1]: with the options and the identifier of MQTT 5. */
    @ParameterizedTest
    @EnumSource
    void subscriptionOptionsSurvive(End end) throws IOException {
        String own = "options/" + end;
        byte[] keep = connect5(0, 0, properties(property(0x11, u32(3_600))), string(own));
        RawClient client = RawClient.connected(port(), keep);
        client.send(subscribeV5(1, properties(property(0x0B, u8(7))), own, 1 | 0x04 | 0x08));
        assertEquals("90 00 01 00 01", client.read().hex());
        end.come(client);
        try (RawClient back = RawMqtt.open(port());
                RawClient publisher = clean(port(), own + "/publisher")) {
            back.send(keep);
            assertEquals("20 01 00", back.read().hex().substring(0, 8), "the session is present");
            back.send(Packets.publishV5(1, 9, own, properties(), "own message")); // no-local
            assertEquals(4, back.read().type());
            publisher.send(Packets.packet(0x33, string(own), Packets.u16(1), Packets.hex("'x'")));
            assertEquals(4, publisher.read().type());
            String message = back.read().hex();
            assertTrue(message.startsWith("33 "), "retain as published, QoS 1: " + message);
            assertTrue(message.endsWith("00 01 02 0b 07 78"), "packet id 1, subscription identifier 7: " + message);
            back.send(pubAck(1));
            back.ping();
        }
    }

    /** [MQTT-4.4.0-1]: same packet ids, same stage, same order. */
    @ParameterizedTest
    @EnumSource
    void unacknowledgedOutgoingMessagesSurvive(End end) throws IOException {
        String own = "outgoing/" + end;
        RawClient client = persistent(port(), own, false);
        subscribe(client, own, 2);
        try (RawClient publisher = clean(port(), own + "/publisher")) {
            RawMqtt.publish(publisher, 2, 1, own, "complete");
            assertEquals("complete", take(client).payload());
            RawMqtt.publish(publisher, 1, 2, own, "one");
            RawMqtt.publish(publisher, 2, 3, own, "two, not received");
            RawMqtt.publish(publisher, 2, 4, own, "two, received");
        }
        Received one = received(client.read());
        Received two = received(client.read());
        Received three = received(client.read());
        assertEquals(
                "one two, not received two, received", one.payload() + " " + two.payload() + " " + three.payload());
        client.send(pubRec(three.packetId()));
        assertEquals(Packets.hexOf(pubRel(three.packetId())), client.read().wire());
        end.come(client);
        try (RawClient back = persistent(port(), own, true)) {
            List<RawClient.Packet> resumed = new ArrayList<>(List.of(back.read(), back.read(), back.read()));
            // The PUBREL may come anywhere among the messages: [MQTT-4.6.0-1] and [MQTT-4.6.0-4] order each kind by
            // itself.
            assertTrue(resumed.removeIf(packet -> packet.wire().equals(Packets.hexOf(pubRel(three.packetId())))));
            // [MQTT-3.3.1-1] the DUP flag is set
            assertEquals(
                    List.of(
                            new Received(true, 1, false, one.packetId(), own, one.payload()),
                            new Received(true, 2, false, two.packetId(), own, two.payload())),
                    resumed.stream().map(RawMqtt::received).toList());
            back.send(pubAck(one.packetId()));
            back.send(pubRec(two.packetId()));
            back.send(pubComp(three.packetId()));
            assertEquals(Packets.hexOf(pubRel(two.packetId())), back.read().wire());
            back.send(pubComp(two.packetId()));
            back.ping();
            back.send(Packets.DISCONNECT);
            assertTrue(back.readOrEnd().isEmpty());
        }
        try (RawClient again = persistent(port(), own, true)) {
            again.ping(); // nothing is left
        }
    }

    /** Also those whose packet id was never sent, for want of room in the client's window. */
    @ParameterizedTest
    @EnumSource
    void missedMessagesSurviveInOrder(End end) throws IOException {
        String own = "missed/" + end;
        int count = 400;
        RawClient client = persistent(port(), own, false);
        subscribe(client, own, 2);
        end.come(client);
        RawClient publisher = clean(port(), own + "/publisher");
        for (int i = 0; i < count; i++) {
            RawMqtt.publish(publisher, 1 + i % 2, 1 + i, own, Integer.toString(i));
        }
        if (end.isOfBroker()) {
            end.come(publisher);
        }
        publisher.close();
        try (RawClient back = persistent(port(), own, true)) {
            int[] next = {0, 0, 1}; // by QoS: messages of different QoS may pass each other [MQTT-4.6.0-6]
            for (int i = 0; i < count; i++) {
                Received message = takeNext(back);
                assertEquals(Integer.toString(next[message.qos()]), message.payload());
                next[message.qos()] += 2;
                assertFalse(message.dup());
            }
        }
    }

    /** [MQTT-4.3.3-2], I3: a message whose PUBREL is outstanding is not taken twice. */
    @ParameterizedTest
    @EnumSource
    void incompleteIncomingMessagesSurvive(End end) throws IOException {
        String own = "incoming/" + end;
        RawClient subscriber = persistent(port(), own + "/subscriber", false);
        subscribe(subscriber, own, 2);
        subscriber.abort();
        RawClient client = persistent(port(), own, false);
        client.send(publish(2, 5, own, "first"));
        assertEquals(Packets.hexOf(pubRec(5)), client.read().wire());
        client.send(publish(2, 6, own, "second"));
        assertEquals(Packets.hexOf(pubRec(6)), client.read().wire());
        client.send(pubRel(6));
        assertEquals(Packets.hexOf(pubComp(6)), client.read().wire());
        end.come(client);
        try (RawClient back = persistent(port(), own, true)) {
            back.send(again(2, 5, own, "first"));
            assertEquals(Packets.hexOf(pubRec(5)), back.read().wire());
            back.send(pubRel(5));
            assertEquals(Packets.hexOf(pubComp(5)), back.read().wire());
            back.send(pubRel(6));
            assertEquals(Packets.hexOf(pubComp(6)), back.read().wire());
            RawMqtt.publish(back, 2, 5, own, "third, with an id that is free again");
            RawMqtt.publish(back, 2, 6, own, "last");
        }
        try (RawClient reader = persistent(port(), own + "/subscriber", true)) {
            assertEquals("first", takeNext(reader).payload());
            assertEquals("second", takeNext(reader).payload());
            assertEquals(
                    "third, with an id that is free again", takeNext(reader).payload());
            assertEquals("last", takeNext(reader).payload());
        }
    }

    /** The session belongs to who made it, and ends when its owner says so. */
    @ParameterizedTest
    @EnumSource
    void theSessionAndItsPrincipalSurvive(End end) throws IOException {
        String own = "session/" + end;
        RawClient client = connect(port(), asUser(own, "alice", 0), false);
        end.come(client);
        for (int flags : new int[] {0, RawMqtt.CLEAN}) {
            try (RawClient stranger = RawMqtt.open(port())) {
                stranger.send(asUser(own, "bob", flags));
                assertEquals("20 00 05", stranger.read().hex(), "not authorized");
                assertTrue(stranger.readOrEnd().isEmpty());
            }
        }
        connect(port(), asUser(own, "alice", 0), true).abort();
        connect(port(), asUser(own, "alice", RawMqtt.CLEAN), false).abort(); // [MQTT-3.1.2-6]
        connect(port(), asUser(own, "alice", 0), false).abort();
    }

    private static byte[] asUser(String clientId, String user, int flags) {
        return connect4(RawMqtt.USER_NAME | flags, 0, string(clientId), string(user));
    }
}
