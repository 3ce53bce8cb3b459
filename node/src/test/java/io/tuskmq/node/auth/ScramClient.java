package io.tuskmq.node.auth;

import static io.tuskmq.node.mqtt.Packets.binary;
import static io.tuskmq.node.mqtt.Packets.connect5;
import static io.tuskmq.node.mqtt.Packets.properties;
import static io.tuskmq.node.mqtt.Packets.property;
import static io.tuskmq.node.mqtt.Packets.string;
import static io.tuskmq.node.mqtt.Packets.u8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.ongres.scram.common.exception.ScramException;
import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A raw MQTT 5 client that proves who it is by SCRAM-SHA-256, one packet at a time. */
final class ScramClient {
    static final String METHOD = "SCRAM-SHA-256";
    static final int CONTINUE = 0x18;
    static final int AGAIN = 0x19;
    private static final int METHOD_ID = 0x15;
    private static final int DATA_ID = 0x16;
    private static final int PATIENCE_MILLIS = 30_000;

    final RawClient client;
    private ScramProof proof;

    private ScramClient(RawClient client, ScramProof proof) {
        this.client = client;
        this.proof = proof;
    }

    /** Sends the CONNECT. */
    static ScramClient begin(int port, String clientId, String user, String password, byte[]... more)
            throws IOException {
        RawClient client = RawClient.connect(port);
        client.socket().setSoTimeout(PATIENCE_MILLIS);
        ScramProof proof = new ScramProof(user, password);
        client.send(connect(clientId, proof.first(), more));
        return new ScramClient(client, proof);
    }

    static byte[] connect(String clientId, byte[] data, byte[]... more) {
        byte[] all = Packets.concat(more);
        return connect5(0x02, 0, properties(all, method(METHOD), property(DATA_ID, binary(data))), string(clientId));
    }

    /** With all AUTH packets; the CONNACK must be a success that proves the broker too. */
    static ScramClient connected(int port, String clientId, String user, String password)
            throws IOException, ScramException {
        ScramClient client = begin(port, clientId, user, password);
        client.answer();
        client.welcomed();
        return client;
    }

    static byte[] method(String name) {
        return property(METHOD_ID, string(name));
    }

    static byte[] auth(int reason, byte[] data, byte[]... more) {
        return Packets.packet(
                0xF0, u8(reason), properties(Packets.concat(more), method(METHOD), property(DATA_ID, binary(data))));
    }

    /** The broker's AUTH that asks on. */
    byte[] asked() throws IOException {
        RawClient.Packet packet = client.read();
        assertEquals(15, packet.type(), packet::toString);
        assertEquals(CONTINUE, packet.u8(0), "[MQTT5-4.12.0-2]");
        Map<Integer, byte[]> properties = properties5(packet, 1);
        assertEquals(METHOD, new String(properties.get(METHOD_ID), StandardCharsets.UTF_8));
        assertEquals(2, properties.size(), "neither reason string nor user properties");
        return there(properties.get(DATA_ID));
    }

    /** The answer to the question. */
    byte[] lastOf(byte[] question) throws ScramException {
        return proof.last(question);
    }

    /** Reads the question and answers it. */
    void answer() throws IOException, ScramException {
        client.send(auth(CONTINUE, lastOf(asked())));
    }

    /** Reads the CONNACK. */
    void welcomed() throws IOException, ScramException {
        RawClient.Packet connack = client.read();
        assertEquals("20 00 00", connack.hex().substring(0, 8), connack::toString);
        Map<Integer, byte[]> properties = properties5(connack, 2);
        assertEquals(METHOD, new String(properties.get(METHOD_ID), StandardCharsets.UTF_8));
        proof.check(data(connack, 2));
    }

    /** Sends the AUTH 0x19. */
    void beginAgain(String user, String password) throws IOException {
        proof = new ScramProof(user, password);
        client.send(auth(AGAIN, proof.first()));
    }

    /** Reads the AUTH 0x00. */
    void provedAgain() throws IOException, ScramException {
        RawClient.Packet success = client.read();
        assertEquals("f0 00", success.hex().substring(0, 5), success::toString);
        proof.check(data(success, 1));
    }

    /** The reason of the CONNACK that refuses, which is the last packet. */
    int refused() throws IOException {
        RawClient.Packet connack = client.readToTheEnd().orElseThrow();
        assertEquals(2, connack.type(), connack::toString);
        return connack.u8(1);
    }

    /** The reason of the DISCONNECT, which is the last packet. */
    int ended() throws IOException {
        RawClient.Packet disconnect = client.readToTheEnd().orElseThrow();
        assertEquals(14, disconnect.type(), disconnect::toString);
        return disconnect.u8(0);
    }

    /** The authentication data of a packet whose properties begin there. */
    static byte[] data(RawClient.Packet packet, int at) {
        return there(properties5(packet, at).get(DATA_ID));
    }

    private static byte[] there(byte @Nullable [] data) {
        return Objects.requireNonNull(data, "no authentication data");
    }

    /** By identifier; their values without a length. */
    static Map<Integer, byte[]> properties5(RawClient.Packet packet, int at) {
        ByteBuffer in = ByteBuffer.wrap(packet.body()).position(at);
        int length = in.get() & 0xFF;
        if (length >= 0x80) {
            length = (length & 0x7F) | (in.get() << 7);
        }
        assertEquals(length, in.remaining(), packet::toString);
        Map<Integer, byte[]> all = new HashMap<>();
        while (in.hasRemaining()) {
            int id = in.get();
            int bytes = switch (id) {
                case 0x13, 0x21, 0x22 -> 2;
                case 0x11, 0x27 -> 4;
                default -> in.getShort() & 0xFFFF;
            };
            byte[] value = new byte[bytes];
            in.get(value);
            all.put(id, value);
        }
        return all;
    }
}
