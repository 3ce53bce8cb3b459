package io.tuskmq.node.mqtt;

import static io.tuskmq.node.mqtt.Packets.binary;
import static io.tuskmq.node.mqtt.Packets.connect3;
import static io.tuskmq.node.mqtt.Packets.connect4;
import static io.tuskmq.node.mqtt.Packets.connect5;
import static io.tuskmq.node.mqtt.Packets.connectV5;
import static io.tuskmq.node.mqtt.Packets.hex;
import static io.tuskmq.node.mqtt.Packets.packet;
import static io.tuskmq.node.mqtt.Packets.properties;
import static io.tuskmq.node.mqtt.Packets.property;
import static io.tuskmq.node.mqtt.Packets.publishV5;
import static io.tuskmq.node.mqtt.Packets.string;
import static io.tuskmq.node.mqtt.Packets.subscribe;
import static io.tuskmq.node.mqtt.Packets.subscribeV5;
import static io.tuskmq.node.mqtt.Packets.u16;
import static io.tuskmq.node.mqtt.Packets.u32;
import static io.tuskmq.node.mqtt.Packets.u8;
import static io.tuskmq.node.mqtt.Packets.unsubscribe;
import static io.tuskmq.node.mqtt.Packets.unsubscribeV5;

import java.util.ArrayList;
import java.util.List;

/** The table of packets that no client may send, with what the broker says before it closes. */
final class BadPackets {
    /** What the broker's last words begin with, in hexadecimal digits without length; empty: it closes without a word. */
    record Bad(String rule, byte[] bytes, String lastWords) {
        @Override
        public String toString() {
            return rule;
        }
    }

    private static final byte[] NONE = properties();
    private static final byte[] BAD_UTF8 = hex("0003 61 c0 80");
    private static final byte[] SURROGATE = hex("0003 ed a0 80");
    private static final byte[] NUL = hex("0003 61 00 62");

    private BadPackets() {}

    /** As first packet. */
    static List<Bad> first() {
        List<Bad> all = new ArrayList<>();
        byte[] id = string("c");
        all.add(new Bad("[MQTT-3.1.0-1] PUBLISH first", Packets.publish(0, 0, "a", "b"), ""));
        all.add(new Bad("[MQTT-3.1.0-1] PINGREQ first", Packets.PINGREQ, ""));
        all.add(new Bad("[MQTT-3.1.0-1] HTTP first", hex("'GET / HTTP/1.1'"), ""));
        all.add(new Bad(
                "[MQTT-2.2.2-2] CONNECT with fixed header flags",
                packet(0x11, string("MQTT"), hex("04 02 0000"), id),
                ""));
        all.add(new Bad("[MQTT-3.1.2-1] wrong protocol name", packet(0x10, string("MQTX"), hex("04 02 0000"), id), ""));
        all.add(new Bad(
                "[MQTT-3.1.2-2] level 6 of MQTT", packet(0x10, string("MQTT"), hex("06 02 0000 00"), id), "20 00 84"));
        all.add(new Bad("[MQTT-3.1.2-2] level 2", packet(0x10, string("MQIsdp"), hex("02 02 0000"), id), "20 00 01"));
        all.add(new Bad("[MQTT-3.1.2-2] bridge bit", packet(0x10, string("MQTT"), hex("84 02 0000"), id), "20 00 01"));
        all.add(new Bad("[MQTT-3.1.2-3] reserved flag", connect4(0x03, 0, id), ""));
        all.add(new Bad("[MQTT5-3.1.2-3] reserved flag", connect5(0x03, 0, NONE, id), "20 00 81"));
        all.add(new Bad("[MQTT-3.1.2-14] will QoS 3", connect4(0x1E, 0, id, string("t"), string("m")), ""));
        all.add(new Bad(
                "[MQTT5-3.1.2-12] will QoS 3",
                connect5(0x1E, 0, NONE, id, NONE, string("t"), string("m")),
                "20 00 81"));
        all.add(new Bad("[MQTT-3.1.2-13] will QoS without will", connect4(0x0A, 0, id), ""));
        all.add(new Bad("[MQTT-3.1.2-15] will retain without will", connect4(0x22, 0, id), ""));
        all.add(new Bad("[MQTT-3.1.2-22] password without user name", connect4(0x42, 0, id, string("p")), ""));
        all.add(new Bad("[MQTT-3.1.3-3] no client identifier", connect4(0x02, 0), ""));
        all.add(new Bad("[MQTT-3.1.3-8] empty id, clean session 0", connect4(0x00, 0, string("")), "20 00 02"));
        all.add(new Bad("empty id in MQTT 3.1", connect3(0x02, 0, string("")), "20 00 02"));
        all.add(new Bad("too long an id", connect4(0x02, 0, string("x".repeat(2_000))), "20 00 02"));
        all.add(new Bad("too long an id, v5", connect5(0x02, 0, NONE, string("x".repeat(2_000))), "20 00 85"));
        all.add(new Bad("[MQTT-3.1.3-4] bad UTF-8 in id", connect4(0x02, 0, BAD_UTF8), ""));
        all.add(new Bad("[MQTT-1.5.3-1] surrogate in id", connect4(0x02, 0, SURROGATE), ""));
        all.add(new Bad("[MQTT-1.5.3-2] U+0000 in id", connect4(0x02, 0, NUL), ""));
        all.add(new Bad("[MQTT-3.1.3-11] bad UTF-8 in user name", connect4(0x82, 0, id, BAD_UTF8), ""));
        all.add(new Bad("[MQTT-1.5.3-2] U+0000 in user name", connect4(0x82, 0, id, NUL), ""));
        all.add(new Bad("[MQTT-3.1.3-10] bad UTF-8 in will topic", connect4(0x06, 0, id, BAD_UTF8, string("m")), ""));
        all.add(new Bad("wildcard in will topic", connect4(0x06, 0, id, string("a/#"), string("m")), ""));
        all.add(new Bad(
                "wildcard in will topic, v5", connect5(0x06, 0, NONE, id, NONE, string("+"), string("m")), "20 00 81"));
        all.add(new Bad("empty will topic", connect4(0x06, 0, id, string(""), string("m")), ""));
        all.add(new Bad("will for $SYS", connect4(0x06, 0, id, string("$SYS/x"), string("m")), "20 00 05"));
        all.add(new Bad(
                "will for $SYS, v5", connect5(0x06, 0, NONE, id, NONE, string("$SYS/x"), string("m")), "20 00 90"));
        all.add(new Bad("bytes after the payload", connect4(0x02, 0, id, u8(0)), ""));
        all.add(new Bad("user name missing", connect4(0x82, 0, id), ""));
        all.add(new Bad("remaining length of five bytes", hex("10 ff ff ff ff 01"), ""));
        all.add(new Bad("larger than the maximum", hex("10 ff ff ff 7f"), ""));
        all.addAll(firstV5(id));
        return all;
    }

    private static List<Bad> firstV5(byte[] id) {
        List<Bad> all = new ArrayList<>();
        byte[] receiveMax0 = property(0x21, u16(0));
        all.add(new Bad("[MQTT5-3.1.2] Receive Maximum 0", connectV5("c", receiveMax0), "20 00 82"));
        all.add(new Bad("Maximum Packet Size 0", connectV5("c", property(0x27, u32(0))), "20 00 82"));
        byte[] expiry = property(0x11, u32(5));
        all.add(new Bad("Session Expiry twice", connectV5("c", expiry, expiry), "20 00 82"));
        all.add(new Bad("[MQTT5-2.2.2-1] foreign property", connectV5("c", property(0x23, u16(1))), "20 00 81"));
        all.add(new Bad("unknown property", connectV5("c", property(0x7F, u16(1))), "20 00 81"));
        all.add(new Bad("Request Problem Information 2", connectV5("c", property(0x17, u8(2))), "20 00 82"));
        all.add(new Bad("Request Response Information 2", connectV5("c", property(0x19, u8(2))), "20 00 82"));
        all.add(new Bad(
                "[MQTT5-4.12.0-1] authentication method", connectV5("c", property(0x15, string("SCRAM"))), "20 00 8c"));
        all.add(new Bad("authentication data alone", connectV5("c", property(0x16, binary(hex("01")))), "20 00 82"));
        all.add(new Bad("property length too long", connect5(0x02, 0, u8(60), id), "20 00 81"));
        all.add(new Bad("no property length", packet(0x10, string("MQTT"), hex("05 02 0000")), "20 00 81"));
        all.add(new Bad("bad UTF-8 in a user property", connectV5("c", u8(0x26), BAD_UTF8, string("v")), "20 00 81"));
        byte[] format2 = properties(property(0x01, u8(2)));
        all.add(new Bad(
                "will payload format 2", connect5(0x06, 0, NONE, id, format2, string("t"), string("m")), "20 00 82"));
        byte[] delayTwice = properties(property(0x18, u32(1)), property(0x18, u32(1)));
        all.add(new Bad(
                "will delay twice", connect5(0x06, 0, NONE, id, delayTwice, string("t"), string("m")), "20 00 82"));
        byte[] foreign = properties(property(0x11, u32(1)));
        all.add(new Bad(
                "session expiry in the will",
                connect5(0x06, 0, NONE, id, foreign, string("t"), string("m")),
                "20 00 81"));
        byte[] response = properties(property(0x08, string("a/+")));
        all.add(new Bad(
                "wildcard in the will's response topic",
                connect5(0x06, 0, NONE, id, response, string("t"), string("m")),
                "20 00 81"));
        return all;
    }

    /** After a CONNECT of MQTT 3.1.1: always closed without a word. */
    static List<Bad> laterV4() {
        List<Bad> all = new ArrayList<>();
        all.add(new Bad("[MQTT-3.1.0-2] second CONNECT", Packets.connect("c"), ""));
        all.add(new Bad("CONNACK from a client", hex("20 02 00 00"), ""));
        all.add(new Bad("SUBACK from a client", hex("90 03 00 01 00"), ""));
        all.add(new Bad("UNSUBACK from a client", hex("b0 02 00 01"), ""));
        all.add(new Bad("PINGRESP from a client", hex("d0 00"), ""));
        all.add(new Bad("packet type 0", hex("00 00"), ""));
        all.add(new Bad("packet type 15", hex("f0 00"), ""));
        all.add(new Bad("[MQTT-3.3.1-4] PUBLISH with QoS 3", packet(0x36, string("a"), u16(1)), ""));
        all.add(new Bad("[MQTT-3.3.1-2] DUP with QoS 0", packet(0x38, string("a")), ""));
        all.add(new Bad("[MQTT-2.3.1-1] PUBLISH with packet id 0", Packets.publish(1, 0, "a", ""), ""));
        all.add(new Bad("[MQTT-3.3.2-2] '#' in a topic name", Packets.publish(0, 0, "a/#", ""), ""));
        all.add(new Bad("[MQTT-3.3.2-2] '+' in a topic name", Packets.publish(0, 0, "+/a", ""), ""));
        all.add(new Bad("[MQTT-4.7.3-1] empty topic name", Packets.publish(0, 0, "", ""), ""));
        all.add(new Bad("[MQTT-4.7.3-2] U+0000 in a topic name", packet(0x30, NUL), ""));
        all.add(new Bad("[MQTT-3.3.2-1] bad UTF-8 in a topic name", packet(0x30, BAD_UTF8), ""));
        all.add(new Bad("PUBLISH without packet id", packet(0x32, string("a")), ""));
        all.add(new Bad("PUBLISH whose topic is longer than it", packet(0x30, u16(9), hex("61")), ""));
        all.add(new Bad("[MQTT-3.3.5-2] QoS 1 to $SYS", Packets.publish(1, 1, "$SYS/x", "y"), ""));
        all.add(new Bad("PUBACK of one byte", packet(0x40, u8(1)), ""));
        all.add(new Bad("PUBACK of three bytes", packet(0x40, u16(1), u8(0)), ""));
        all.add(new Bad("PUBACK with packet id 0", Packets.pubAck(0), ""));
        all.add(new Bad("[MQTT-3.6.1-1] PUBREL with wrong flags", packet(0x60, u16(1)), ""));
        all.add(new Bad("[MQTT-3.8.1-1] SUBSCRIBE with wrong flags", packet(0x80, u16(1), string("a"), u8(0)), ""));
        all.add(new Bad("[MQTT-3.10.1-1] UNSUBSCRIBE with wrong flags", packet(0xA0, u16(1), string("a")), ""));
        all.add(new Bad("[MQTT-3.8.3-3] SUBSCRIBE without filters", packet(0x82, u16(1)), ""));
        all.add(new Bad("[MQTT-3.10.3-2] UNSUBSCRIBE without filters", packet(0xA2, u16(1)), ""));
        all.add(new Bad("SUBSCRIBE with packet id 0", subscribe(0, "a", 0), ""));
        all.add(new Bad("[MQTT-3.8.3-4] SUBSCRIBE with QoS 3", subscribe(1, "a", 3), ""));
        all.add(new Bad("[MQTT-3.8.3-4] reserved bits of SUBSCRIBE", subscribe(1, "a", 4), ""));
        all.add(new Bad("filter without QoS byte", packet(0x82, u16(1), string("a")), ""));
        for (String filter : List.of("", "a#", "a/#/b", "#/a", "+a", "a+", "a/+b/c", "##", "a/b#", "++")) {
            all.add(new Bad("[MQTT-4.7.1-2] [MQTT-4.7.1-3] filter '" + filter + "'", subscribe(1, filter, 0), ""));
        }
        for (String filter : List.of(
                "$share",
                "$share/",
                "$share/g",
                "$share//a",
                "$share/g/",
                "$share/+/a",
                "$share/g#/a",
                "$share/g/a#")) {
            all.add(new Bad("[MQTT5-4.8.2-1] [MQTT5-4.8.2-2] filter '" + filter + "'", subscribe(1, filter, 0), ""));
        }
        all.add(new Bad("[MQTT-4.7.3-2] U+0000 in a filter", packet(0x82, u16(1), NUL, u8(0)), ""));
        all.add(new Bad("[MQTT-3.8.3-1] bad UTF-8 in a filter", packet(0x82, u16(1), BAD_UTF8, u8(0)), ""));
        all.add(new Bad("bad filter in UNSUBSCRIBE", unsubscribe(1, "a/#/b"), ""));
        all.add(new Bad("PINGREQ with a body", hex("c0 01 00"), ""));
        all.add(new Bad("[MQTT-3.14.1-1] DISCONNECT with flags", hex("e1 00"), ""));
        all.add(new Bad("DISCONNECT with a body", hex("e0 01 00"), ""));
        all.add(new Bad("remaining length of five bytes", hex("30 80 80 80 80 01"), ""));
        all.add(new Bad("larger than the maximum", hex("30 ff ff ff 7f"), ""));
        return all;
    }

    /** After a CONNECT of MQTT 5: a DISCONNECT with the reason comes before the close [MQTT5-4.13.1-1]. */
    static List<Bad> laterV5() {
        List<Bad> all = new ArrayList<>();
        all.add(new Bad("[MQTT5-3.1.0-2] second CONNECT", connectV5("c"), "e0 82"));
        all.add(new Bad("CONNACK from a client", hex("20 03 00 00 00"), "e0 82"));
        all.add(new Bad("PINGRESP from a client", hex("d0 00"), "e0 82"));
        all.add(new Bad("AUTH without a method", hex("f0 00"), "e0 82"));
        all.add(new Bad("packet type 0", hex("00 00"), "e0 81"));
        all.add(new Bad("[MQTT5-3.3.1-4] PUBLISH with QoS 3", packet(0x36, string("a"), u16(1), NONE), "e0 81"));
        all.add(new Bad("[MQTT5-3.3.1-2] DUP with QoS 0", packet(0x38, string("a"), NONE), "e0 81"));
        all.add(new Bad("[MQTT5-2.2.1-3] packet id 0", publishV5(1, 0, "a", NONE, ""), "e0 81"));
        all.add(new Bad("[MQTT5-3.3.2-2] wildcard in a topic name", publishV5(0, 0, "a/+", NONE, ""), "e0 81"));
        all.add(new Bad("empty topic without alias", publishV5(0, 0, "", NONE, ""), "e0 81"));
        all.add(new Bad(
                "[MQTT5-3.3.2-8] topic alias 0",
                publishV5(0, 0, "a", properties(property(0x23, u16(0))), ""),
                "e0 94"));
        all.add(new Bad(
                "[MQTT5-3.3.2-9] topic alias too large",
                publishV5(0, 0, "a", properties(property(0x23, u16(33))), ""),
                "e0 94"));
        all.add(new Bad(
                "topic alias too large, alone", publishV5(0, 0, "", properties(property(0x23, u16(33))), ""), "e0 94"));
        all.add(new Bad("topic alias never set", publishV5(0, 0, "", properties(property(0x23, u16(1))), ""), "e0 82"));
        all.add(new Bad(
                "[MQTT5-3.3.4-6] subscription id from a client",
                publishV5(0, 0, "a", properties(property(0x0B, u8(1))), ""),
                "e0 82"));
        all.add(new Bad(
                "[MQTT5-3.3.2-14] wildcard in the response topic",
                publishV5(0, 0, "a", properties(property(0x08, string("b/#"))), ""),
                "e0 81"));
        all.add(new Bad("payload format 2", publishV5(0, 0, "a", properties(property(0x01, u8(2))), ""), "e0 82"));
        byte[] type = property(0x03, string("x"));
        all.add(new Bad("content type twice", publishV5(0, 0, "a", properties(type, type), ""), "e0 82"));
        all.add(new Bad(
                "foreign property in PUBLISH", publishV5(0, 0, "a", properties(property(0x11, u32(1))), ""), "e0 81"));
        all.add(new Bad("property cut short", publishV5(0, 0, "a", properties(property(0x02, u16(1))), ""), "e0 81"));
        all.add(new Bad(
                "[MQTT5-1.5.5-1] property length of five bytes",
                publishV5(0, 0, "a", hex("80 80 80 80 01"), ""),
                "e0 81"));
        all.add(new Bad("[MQTT5-3.4.2-1] unknown reason code in PUBACK", packet(0x40, u16(1), u8(0x42)), "e0 81"));
        all.add(new Bad("[MQTT5-3.5.2-1] unknown reason code in PUBREC", packet(0x50, u16(1), u8(0x01)), "e0 81"));
        all.add(new Bad("[MQTT5-3.6.2-1] unknown reason code in PUBREL", packet(0x62, u16(1), u8(0x80)), "e0 81"));
        all.add(new Bad("[MQTT5-3.7.2-1] unknown reason code in PUBCOMP", packet(0x70, u16(1), u8(0x10)), "e0 81"));
        all.add(new Bad(
                "foreign property in PUBACK",
                packet(0x40, u16(1), u8(0), properties(property(0x11, u32(1)))),
                "e0 81"));
        all.add(new Bad("[MQTT5-3.8.3-2] SUBSCRIBE without filters", packet(0x82, u16(1), NONE), "e0 82"));
        all.add(new Bad("[MQTT5-3.10.3-2] UNSUBSCRIBE without filters", packet(0xA2, u16(1), NONE), "e0 82"));
        all.add(new Bad("subscription id 0", subscribeV5(1, properties(property(0x0B, u8(0))), "a", 0), "e0 82"));
        byte[] one = property(0x0B, u8(1));
        all.add(new Bad("subscription id twice", subscribeV5(1, properties(one, one), "a", 0), "e0 82"));
        all.add(new Bad("[MQTT5-3.8.3-5] reserved bits of SUBSCRIBE", subscribeV5(1, NONE, "a", 0x40), "e0 81"));
        all.add(new Bad("subscription with QoS 3", subscribeV5(1, NONE, "a", 3), "e0 81"));
        all.add(new Bad("retain handling 3", subscribeV5(1, NONE, "a", 0x30), "e0 82"));
        all.add(new Bad("[MQTT5-3.8.3-4] no-local on a shared one", subscribeV5(1, NONE, "$share/g/a", 4), "e0 82"));
        all.add(new Bad("[MQTT5-4.8.2-1] empty share name", subscribeV5(1, NONE, "$share//a", 0), "e0 81"));
        all.add(new Bad("[MQTT5-4.7.1-1] 'a/#/b'", subscribeV5(1, NONE, "a/#/b", 0), "e0 81"));
        all.add(new Bad("[MQTT5-4.7.3-1] empty filter", subscribeV5(1, NONE, "", 0), "e0 81"));
        all.add(new Bad("bad filter in UNSUBSCRIBE", unsubscribeV5(1, NONE, "a#"), "e0 81"));
        all.add(new Bad("subscription id in UNSUBSCRIBE", unsubscribeV5(1, properties(one), "a"), "e0 81"));
        all.add(new Bad("[MQTT5-3.14.2-1] unknown reason code in DISCONNECT", hex("e0 01 42"), "e0 81"));
        all.add(new Bad("server's reason code in DISCONNECT", hex("e0 01 8e"), "e0 81"));
        all.add(new Bad(
                "session expiry raised from 0", packet(0xE0, u8(0), properties(property(0x11, u32(9)))), "e0 82"));
        all.add(new Bad(
                "server reference in DISCONNECT",
                packet(0xE0, u8(0), properties(property(0x1C, string("x")))),
                "e0 81"));
        all.add(new Bad(
                "U+0000 in a user property",
                packet(0x30, string("a"), properties(u8(0x26), NUL, string("v"))),
                "e0 81"));
        all.add(new Bad(
                "user property without value",
                publishV5(0, 0, "a", properties(property(0x26, string("n"))), ""),
                "e0 81"));
        all.add(new Bad("[MQTT5-3.2.2-15] larger than the maximum", hex("30 ff ff ff 7f"), "e0 95"));
        return all;
    }
}
