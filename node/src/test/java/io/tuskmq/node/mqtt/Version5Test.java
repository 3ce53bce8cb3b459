package io.tuskmq.node.mqtt;

import static io.tuskmq.node.mqtt.Packets.hex;
import static io.tuskmq.node.mqtt.Packets.properties;
import static io.tuskmq.node.mqtt.Packets.property;
import static io.tuskmq.node.mqtt.Packets.publishV5;
import static io.tuskmq.node.mqtt.Packets.string;
import static io.tuskmq.node.mqtt.Packets.u16;
import static io.tuskmq.node.mqtt.Packets.u32;
import static io.tuskmq.node.mqtt.Packets.u8;
import static io.tuskmq.node.mqtt.Packets.userProperty;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.session.ConnectPacket;
import io.tuskmq.node.session.Connection;
import io.tuskmq.node.session.ConnectionHandler.CloseCause;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.Sessions.NewWill;
import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What only MQTT 5 has. */
class Version5Test extends ListenerTest {
    private static final byte[] NONE = properties();

    @Test
    @DisplayName("[MQTT5-3.2.2-16] [MQTT5-3.2.2-21] CONNACK says id, keep-alive, session expiry and limits")
    void tellsInConnAck() throws IOException {
        handler.answerConnects = false;
        MqttOptions.Limits d = MqttOptions.Limits.DEFAULT;
        MqttOptions.Limits limits = new MqttOptions.Limits(
                d.packetBytesMax(),
                d.frameBytesMax(),
                d.connectMillisMax(),
                300,
                d.receiveMax(),
                7,
                d.topicLevelsMax(),
                d.clientIdBytesMax(),
                d.writeLowBytes(),
                d.writeHighBytes(),
                d.queuedBytesMax(),
                d.stalledMillisMax(),
                d.arrivals(),
                d.publishRate(),
                d.reauthenticationsPerMinuteMax());
        RawClient client = client(tcp(limits));
        client.send(Packets.connect5(0, 0, properties(property(0x11, u32(1_000))), string("")));
        Connection connection = RecordingHandler.next(handler.connections);
        RecordingHandler.on(connection, () -> connection.accept(true, "given", 500));
        String all = client.read().hex();
        assertTrue(all.startsWith("20 01 00"), all);
        assertTrue(all.contains("11 00 00 01 f4"), all);
        assertTrue(all.contains("21 03 e8"), all);
        assertTrue(all.contains("27 00 10 00 00"), all);
        assertTrue(all.contains("22 00 07"), all);
        assertTrue(all.contains("12 00 05 67 69 76 65 6e"), all);
        assertTrue(all.contains("13 01 2c"), all);
    }

    @Test
    @DisplayName("[MQTT5-3.1.3] the properties of a CONNECT and its will reach the session")
    void readsConnect() throws IOException {
        byte[] will = properties(
                property(0x18, u32(30)), property(0x01, u8(1)), property(0x02, u32(60)), userProperty("k", "v"));
        byte[] connect = properties(
                property(0x11, u32(77)), property(0x21, u16(5)), property(0x27, u32(4_000)), property(0x22, u16(3)));
        connected(
                tcp(),
                Packets.connect5(
                        0xEE,
                        10,
                        connect,
                        string("id"),
                        will,
                        string("w/t"),
                        string("gone"),
                        string("ann"),
                        string("pw")));
        ConnectPacket packet = RecordingHandler.next(handler.connects);
        assertEquals(77, packet.expirySeconds());
        assertEquals(5, packet.receiveMax());
        assertEquals(4_000, packet.maximumPacketSize());
        assertEquals(3, packet.topicAliasMax());
        assertEquals("ann", packet.userName());
        NewWill newWill = packet.will();
        assertNotNull(newWill);
        assertEquals(30, newWill.delaySeconds());
        assertEquals(60, newWill.messageExpirySeconds());
        assertEquals("w/t", newWill.message().topic());
        assertEquals(1, newWill.message().qos());
        assertEquals(true, newWill.message().retain());
        assertArrayEquals(
                RawClient.concat(hex("01 01"), userProperty("k", "v")),
                newWill.message().properties());
    }

    @Test
    @DisplayName(
            "[MQTT5-3.3.2-4] [MQTT5-3.3.2-15] [MQTT5-3.3.2-16] [MQTT5-3.3.2-18] properties travel unaltered and in order")
    void passesPropertiesOn() throws IOException {
        RawClient client = connected(tcp(), Packets.connectV5("c"));
        byte[] travelling = RawClient.concat(
                userProperty("b", "1"),
                property(0x08, string("re/ply")),
                userProperty("a", "2"),
                property(0x01, u8(1)),
                property(0x09, Packets.binary(hex("00 ff"))),
                property(0x03, string("text/plain")),
                userProperty("b", "3"));
        byte[] sent = properties(property(0x23, u16(2)), travelling);
        client.send(publishV5(0, 0, "t", sent, "p"));
        assertEquals(
                Packets.hexOf(publishV5(0, 0, "t", properties(travelling), "p")),
                client.read().wire());
        assertArrayEquals(
                travelling,
                handler.nextEvent(Event.PublishReceived.class).message().properties());
    }

    @Test
    @DisplayName("[MQTT5-3.3.2-6] a message expires by what remains of its interval")
    void sendsRemainingExpiry() throws IOException {
        RawClient client = connected(tcp(), Packets.connectV5("c"));
        Connection connection = RecordingHandler.next(handler.connections);
        long expires = System.currentTimeMillis() + 100_000;
        Message message = new Message("t", new byte[0], 0, false, new byte[0], expires, 0);
        send(connection, 0, message, List.of());
        RawClient.Packet packet = client.read();
        assertEquals(0x02, packet.u8(4));
        int seconds = packet.u16(7);
        assertTrue(seconds > 80 && seconds <= 100, "remaining " + seconds);
        client.send(publishV5(0, 0, "t", properties(property(0x02, u32(50))), ""));
        long at = handler.nextEvent(Event.PublishReceived.class).message().expiresAtMillis();
        assertTrue(at > System.currentTimeMillis() + 30_000 && at <= System.currentTimeMillis() + 50_000);
    }

    @Test
    @DisplayName("[MQTT5-3.3.2-9] [MQTT5-3.3.2-12] aliases from the client stand for their topic")
    void resolvesTopicAliases() throws IOException {
        RawClient client = connected(tcp(), Packets.connectV5("c"));
        client.send(publishV5(0, 0, "one", properties(property(0x23, u16(1))), ""));
        client.send(publishV5(0, 0, "two", properties(property(0x23, u16(32))), ""));
        client.send(publishV5(0, 0, "", properties(property(0x23, u16(1))), ""));
        client.send(publishV5(0, 0, "other", properties(property(0x23, u16(1))), ""));
        client.send(publishV5(0, 0, "", properties(property(0x23, u16(1))), ""));
        for (String topic : List.of("one", "two", "one", "other", "other")) {
            assertEquals(
                    topic,
                    handler.nextEvent(Event.PublishReceived.class).message().topic());
        }
    }

    @Test
    @DisplayName("[MQTT5-3.1.2-26] [MQTT5-3.1.2-27] aliases to the client: as many as it takes")
    void usesTopicAliases() throws IOException {
        RawClient client = connected(tcp(), Packets.connectV5("c", property(0x22, u16(1))));
        Connection connection = RecordingHandler.next(handler.connections);
        byte[] aliased = properties(property(0x23, u16(1)));
        for (String topic : List.of("first", "second", "first")) {
            send(connection, 0, Message.of(topic, new byte[0], 0, false), List.of());
        }
        assertEquals(
                Packets.hexOf(publishV5(0, 0, "first", aliased, "")),
                client.read().wire());
        assertEquals(
                Packets.hexOf(publishV5(0, 0, "second", NONE, "")),
                client.read().wire());
        assertEquals(
                Packets.hexOf(publishV5(0, 0, "", aliased, "")), client.read().wire());
    }

    @Test
    @DisplayName("[MQTT5-3.1.2-24] [MQTT5-3.1.2-25] what is larger than the client takes counts as delivered")
    void skipsTooLargeMessages() throws IOException {
        MqttListener listener = listen(MqttOptions.tcp("127.0.0.1", 0, 1));
        RawClient client =
                connected(listener.port(), Packets.connectV5("c", property(0x27, u32(50)), property(0x22, u16(5))));
        Connection connection = RecordingHandler.next(handler.connections);
        send(connection, 11, new Message("t", new byte[60], 1, false, new byte[0], 0, 0), List.of());
        send(connection, 12, new Message("t", new byte[60], 2, false, new byte[0], 0, 0), List.of());
        send(connection, 13, Message.of("t", hex("41"), 1, false), List.of());
        assertEquals(new Event.PubAckReceived(11, 0x95), RecordingHandler.next(handler.events));
        assertEquals(new Event.PubRecReceived(12, 0x95), RecordingHandler.next(handler.events));
        // The alias was not used up by what was not sent.
        assertEquals(
                Packets.hexOf(publishV5(1, 13, "t", properties(property(0x23, u16(1))), "A")),
                client.read().wire());
        assertEquals(2, listener.counters().tooLargeForClient());
    }

    @Test
    @DisplayName("[MQTT5-3.3.4-3] subscription identifiers go out, also several and large ones")
    void sendsSubscriptionIdentifiers() throws IOException {
        RawClient client = connected(tcp(), Packets.connectV5("c"));
        send(
                RecordingHandler.next(handler.connections),
                0,
                Message.of("t", hex("41"), 0, false),
                List.of(1, 268_435_455));
        byte[] ids = properties(property(0x0B, u8(1)), property(0x0B, hex("ff ff ff 7f")));
        assertEquals(
                Packets.hexOf(publishV5(0, 0, "t", ids, "A")), client.read().wire());
    }

    @Test
    @DisplayName("subscription options and identifier reach the session; too deep or long a filter is refused alone")
    void readsSubscriptionOptions() throws IOException {
        RawClient client = connected(tcp(), Packets.connectV5("c"));
        client.send(Packets.subscribeV5(9, properties(property(0x0B, hex("80 01"))), "$share/g/a/#", 0x28 | 2));
        assertEquals("90 00 09 00 02", client.read().hex());
        var subscription =
                handler.nextEvent(Event.SubscribeReceived.class).subscriptions().get(0);
        assertEquals("g", subscription.share());
        assertEquals("a/#", subscription.filter());
        assertEquals(2, subscription.qos());
        assertEquals(true, subscription.retainAsPublished());
        assertEquals(2, subscription.retainHandling());
        assertEquals(128, subscription.subscriptionId());
        client.send(Packets.subscribeV5(10, NONE, "a/".repeat(200) + "#", 1));
        assertEquals("90 00 0a 00 8f", client.read().hex());
        client.send(Packets.subscribeV5(10, NONE, "x".repeat(2_049), 1));
        assertEquals("90 00 0a 00 8f", client.read().hex());
        client.send(Packets.unsubscribeV5(11, NONE, "$share/g/a/#"));
        assertEquals("b0 00 0b 00 00", client.read().hex());
    }

    @Test
    @DisplayName("reason codes of all acknowledgements go both ways")
    void passesReasonCodes() throws IOException {
        RawClient client = connected(tcp(), Packets.connectV5("c"));
        Connection connection = RecordingHandler.next(handler.connections);
        RecordingHandler.on(connection, () -> {
            connection.send(new Effect.SendPubAck(1, 0x10));
            connection.send(new Effect.SendPubRec(2, 0x97));
            connection.send(new Effect.SendPubRel(3, 0x92));
            connection.send(new Effect.SendPubComp(4, 0x92));
        });
        assertEquals("40 00 01 10", client.read().hex());
        assertEquals("50 00 02 97", client.read().hex());
        assertEquals("62 00 03 92", client.read().hex());
        assertEquals("70 00 04 92", client.read().hex());
        handler.echo = false;
        client.send(hex("40 03 00 05 87  50 06 00 06 83 02 1f 00"));
        assertEquals(new Event.PubAckReceived(5, 0x87), RecordingHandler.next(handler.events));
        assertEquals(0x81, client.readToTheEnd().orElseThrow().u8(0)); // the reason string was cut short
    }

    @Test
    @DisplayName("[MQTT5-4.13.1-1] a close by the broker says why, within the client's largest packet")
    void saysWhyItCloses() throws IOException {
        int port = tcp();
        RawClient client = connected(port, Packets.connectV5("c"));
        Connection connection = RecordingHandler.next(handler.connections);
        RecordingHandler.on(connection, () -> connection.close(0x8E, "taken over"));
        assertEquals(
                "e0 8e 0d 1f 00 0a " + Packets.hexOf(hex("'taken over'")),
                client.read().hex());
        assertEquals(
                CloseCause.TAKEN_OVER, RecordingHandler.next(handler.closed).cause());
        RawClient small = connected(port, Packets.connectV5("s", property(0x27, u32(20))));
        Connection second = RecordingHandler.next(handler.connections);
        RecordingHandler.on(second, () -> second.close(0x97, "a sentence that is too long for it"));
        assertEquals("e0 97 00", small.read().hex()); // [MQTT5-3.14.2-3]
    }

    @Test
    @DisplayName("[MQTT5-3.14.4-3] DISCONNECT: with will, with an error, with a new session expiry")
    void readsDisconnect() throws IOException {
        int port = tcp();
        connected(port, Packets.connectV5("a")).send(hex("e0 01 04"));
        assertEquals(
                CloseCause.NORMAL_WITH_WILL,
                RecordingHandler.next(handler.closed).cause());
        connected(port, Packets.connectV5("b")).send(hex("e0 01 80"));
        assertEquals(
                CloseCause.CLIENT_ERROR, RecordingHandler.next(handler.closed).cause());
        RawClient client = connected(port, Packets.connectV5("c", property(0x11, u32(9))));
        client.send(Packets.packet(0xE0, u8(0), properties(property(0x11, u32(300)))));
        assertEquals(
                new RecordingHandler.Closed(CloseCause.NORMAL, OptionalLong.of(300)),
                RecordingHandler.next(handler.closed));
    }

    @Test
    @DisplayName("$-topics are the broker's: refused with 0x90, QoS 0 dropped, the connection stays")
    void refusesDollarTopics() throws IOException {
        RawClient client = connected(tcp(), Packets.connectV5("c"));
        client.send(publishV5(0, 0, "$SYS/x", NONE, ""));
        client.send(publishV5(1, 5, "$SYS/x", NONE, ""));
        assertEquals("40 00 05 90", client.read().hex());
        client.send(publishV5(2, 6, "$share/g/x", NONE, ""));
        assertEquals("50 00 06 90", client.read().hex());
        client.ping();
        assertTrue(handler.events.isEmpty());
    }

    @Test
    @DisplayName("[MQTT5-3.2.2-6] a refusal by the sessions, in the words of each version")
    void refuses() throws IOException {
        handler.answerConnects = false;
        int port = tcp();
        RawClient client = client(port);
        client.send(Packets.connectV5("c"));
        Connection connection = RecordingHandler.next(handler.connections);
        RecordingHandler.on(connection, () -> connection.reject(0x88, "no database"));
        assertTrue(client.readToTheEnd().orElseThrow().hex().startsWith("20 00 88"));
        RawClient old = client(port);
        old.send(Packets.connect("c"));
        Connection second = RecordingHandler.next(handler.connections);
        RecordingHandler.on(second, () -> second.reject(0x88, "no database"));
        assertEquals("20 00 03", old.readToTheEnd().orElseThrow().hex());
    }

    private static void send(Connection connection, int packetId, Message message, List<Integer> ids) {
        RecordingHandler.on(
                connection,
                () -> connection.send(new Effect.SendPublish(packetId, message.qos(), false, false, message, ids)));
    }
}
