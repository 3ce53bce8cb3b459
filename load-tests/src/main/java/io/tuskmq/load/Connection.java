package io.tuskmq.load;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;

/**
 * One MQTT 3.1.1 connection with blocking reads and writes, for one (virtual) thread. As little as a load needs, so that it takes little
 * of the processor that it shares with what it measures. A broker that breaks the protocol or is silent for a minute: IOException.
 */
final class Connection implements AutoCloseable {
    static final int PUBLISH = 3;
    static final int PUBACK = 4;
    private static final int SUBACK = 9;
    private static final int CONNACK = 2;
    private static final int SILENCE_MILLIS = 60_000;
    private static final int BUFFER_BYTES = 1 << 16;

    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final boolean sessionPresent;

    Connection(InetSocketAddress broker, String clientId, boolean cleanSession) throws IOException {
        socket = new Socket();
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(SILENCE_MILLIS);
            socket.connect(broker, SILENCE_MILLIS);
            in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), BUFFER_BYTES));
            out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), BUFFER_BYTES));
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            DataOutputStream fields = new DataOutputStream(body);
            fields.writeUTF("MQTT");
            fields.writeByte(4);
            fields.writeByte(cleanSession ? 2 : 0);
            fields.writeShort(0);
            fields.writeUTF(clientId);
            send(0x10, body);
            out.flush();
            byte[] connack = expect(CONNACK);
            if (connack[1] != 0) {
                throw new IOException(clientId + " was refused with " + connack[1]);
            }
            sessionPresent = connack[0] == 1;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    boolean sessionPresent() {
        return sessionPresent;
    }

    /** Subscribes with QoS 1 and waits for the answer. */
    void subscribe(String filter) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream fields = new DataOutputStream(body);
        fields.writeShort(1);
        fields.writeUTF(filter);
        fields.writeByte(1);
        send(0x82, body);
        out.flush();
        byte[] suback = expect(SUBACK);
        if (suback[2] != 1) {
            throw new IOException("the subscription was refused with " + suback[2]);
        }
    }

    /** Buffers a PUBLISH with QoS 1. */
    void publish(byte[] topic, int packetId, byte[] payload) throws IOException {
        out.writeByte(0x32);
        writeLength(2 + topic.length + 2 + payload.length);
        out.writeShort(topic.length);
        out.write(topic);
        out.writeShort(packetId);
        out.write(payload);
    }

    /** Buffers a PUBACK. */
    void acknowledge(int packetId) throws IOException {
        out.writeInt(0x40020000 | packetId);
    }

    void flush() throws IOException {
        out.flush();
    }

    /** Whether bytes have come that can be read without waiting. */
    boolean hasMore() throws IOException {
        return in.available() > 0;
    }

    Packet read() throws IOException {
        int first = in.readUnsignedByte();
        int length = 0;
        for (int shift = 0; ; shift += 7) {
            int digit = in.readUnsignedByte();
            length |= (digit & 0x7F) << shift;
            if (digit < 0x80) {
                break;
            }
            if (shift == 21) {
                throw new IOException("a remaining length of more than four bytes");
            }
        }
        byte[] body = new byte[length];
        in.readFully(body);
        return new Packet(first, body);
    }

    private byte[] expect(int type) throws IOException {
        Packet packet = read();
        if (packet.type() != type) {
            throw new IOException("got packet type " + packet.type() + " in place of " + type);
        }
        return packet.body();
    }

    private void send(int first, ByteArrayOutputStream body) throws IOException {
        out.writeByte(first);
        writeLength(body.size());
        body.writeTo(out);
    }

    private void writeLength(int length) throws IOException {
        int rest = length;
        while (rest > 0x7F) {
            out.writeByte((rest & 0x7F) | 0x80);
            rest >>= 7;
        }
        out.writeByte(rest);
    }

    /** Sends DISCONNECT and closes. */
    @Override
    public void close() throws IOException {
        try (socket) {
            out.writeShort(0xE000);
            out.flush();
        }
    }

    /** A packet as it came: the first byte and what follows the length. */
    record Packet(int first, byte[] body) {
        int type() {
            return first >> 4;
        }

        boolean isDup() {
            return (first & 8) != 0;
        }

        /** Of a PUBACK (at 0) or of a PUBLISH (after its topic). */
        int packetId() {
            return unsignedShort(type() == PUBLISH ? 2 + unsignedShort(0) : 0);
        }

        /** Where the payload of a PUBLISH with QoS 1 begins. */
        int payloadAt() {
            return 2 + unsignedShort(0) + 2;
        }

        private int unsignedShort(int at) {
            return (body[at] & 0xFF) << 8 | (body[at + 1] & 0xFF);
        }
    }
}
