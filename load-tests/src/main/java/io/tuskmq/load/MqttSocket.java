package io.tuskmq.load;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/**
 * A small MQTT 3.1.1 client over a blocking socket. One thread may write while another one reads; each side belongs to one thread.
 * Reads fail after half a minute of silence.
 */
final class MqttSocket implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 30_000;
    private static final int CONNACK = 2;
    private static final int PUBLISH = 3;
    private static final int PUBACK = 4;
    private static final int SUBACK = 9;

    private final Socket socket = new Socket();
    private final DataInputStream in;
    private final DataOutputStream out;

    /** A PUBLISH as received; {@code packetId} 0 for QoS 0. */
    record Received(int packetId, boolean dup, byte[] payload) {}

    private record Packet(int header, byte[] body) {
        int type() {
            return header >> 4;
        }
    }

    private MqttSocket(InetSocketAddress broker) throws IOException {
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(TIMEOUT_MILLIS);
        socket.connect(broker, TIMEOUT_MILLIS);
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
        out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 1 << 16));
    }

    /** Connects and waits for a good CONNACK; keep-alive is off. */
    static MqttSocket connect(InetSocketAddress broker, String clientId, boolean cleanSession) throws IOException {
        MqttSocket client = new MqttSocket(broker);
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(body);
        data.writeUTF("MQTT");
        data.writeByte(4);
        data.writeByte(cleanSession ? 2 : 0);
        data.writeShort(0);
        data.writeUTF(clientId);
        client.write(0x10, body.toByteArray());
        client.flush();
        Packet answer = client.read();
        if (answer.type() != CONNACK || answer.body()[1] != 0) {
            client.close();
            throw new IOException("CONNECT of " + clientId + " was refused");
        }
        return client;
    }

    /** Subscribes with QoS 1 and waits for the SUBACK. */
    void subscribe(String filter) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(body);
        data.writeShort(1);
        data.writeUTF(filter);
        data.writeByte(1);
        write(0x82, body.toByteArray());
        flush();
        Packet answer = read();
        if (answer.type() != SUBACK || answer.body()[2] != 1) {
            throw new IOException("SUBSCRIBE to " + filter + " was refused");
        }
    }

    /** Writes a QoS 1 PUBLISH into the buffer. */
    void publish(int packetId, String topic, byte[] payload) throws IOException {
        byte[] name = topic.getBytes(StandardCharsets.UTF_8);
        out.writeByte(0x32);
        writeLength(2 + name.length + 2 + payload.length);
        out.writeShort(name.length);
        out.write(name);
        out.writeShort(packetId);
        out.write(payload);
    }

    void flush() throws IOException {
        out.flush();
    }

    /** Waits for the next PUBACK. */
    void readPubAck() throws IOException {
        Packet packet = read();
        if (packet.type() != PUBACK) {
            throw new IOException("PUBACK expected, packet type " + packet.type() + " came");
        }
    }

    /** Whether a packet, or a part of one, has come already. */
    boolean hasInput() throws IOException {
        return in.available() > 0;
    }

    /** Waits for the next PUBLISH. */
    Received readPublish() throws IOException {
        Packet packet = read();
        if (packet.type() != PUBLISH) {
            throw new IOException("PUBLISH expected, packet type " + packet.type() + " came");
        }
        byte[] body = packet.body();
        int at = 2 + ((body[0] & 0xFF) << 8 | (body[1] & 0xFF));
        int packetId = 0;
        if ((packet.header() & 6) != 0) {
            packetId = (body[at] & 0xFF) << 8 | (body[at + 1] & 0xFF);
            at += 2;
        }
        byte[] payload = java.util.Arrays.copyOfRange(body, at, body.length);
        return new Received(packetId, (packet.header() & 8) != 0, payload);
    }

    /** Writes a PUBACK into the buffer. */
    void pubAck(int packetId) throws IOException {
        out.writeByte(0x40);
        out.writeByte(2);
        out.writeShort(packetId);
    }

    void disconnect() throws IOException {
        write(0xE0, new byte[0]);
        flush();
        while (in.read() >= 0) {
            // What was on its way: the broker closes when it has taken the DISCONNECT.
        }
        close();
    }

    private void write(int header, byte[] body) throws IOException {
        out.writeByte(header);
        writeLength(body.length);
        out.write(body);
    }

    private void writeLength(int length) throws IOException {
        int rest = length;
        for (; rest >= 0x80; rest >>>= 7) {
            out.writeByte((rest & 0x7F) | 0x80);
        }
        out.writeByte(rest);
    }

    private Packet read() throws IOException {
        int header = in.readUnsignedByte();
        int length = 0;
        int shift = 0;
        int b;
        do {
            b = in.readUnsignedByte();
            length |= (b & 0x7F) << shift;
            shift += 7;
        } while (b >= 0x80);
        byte[] body = new byte[length];
        in.readFully(body);
        return new Packet(header, body);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
