package io.tuskmq.node.training;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/**
 * A client of the training load: MQTT 3.1.1 or 5.0 on a blocking socket, so that none of its code is the node's. It answers what comes and
 * counts it. For one thread at a time; a broker that refuses or is silent for half a minute: IOException.
 */
final class TrainingClient implements Closeable {
    private static final int SILENCE_MILLIS = 30_000;
    private static final int BUFFER_BYTES = 1 << 13;
    private static final int SESSION_EXPIRY_SECONDS = 60;
    private static final int PACKET_IDS = 60_000;

    private final Socket socket;
    private final DataInputStream in;
    private final OutputStream out;
    private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();
    private final boolean isV5;
    private int published;
    private int acknowledged;
    private int subscribed;
    private int received;

    /** Who connects, and how. */
    record Login(String clientId, boolean isV5, boolean isClean, boolean hasWill) {}

    TrainingClient(InetSocketAddress broker, Login login) throws IOException {
        isV5 = login.isV5();
        socket = new Socket();
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(SILENCE_MILLIS);
            socket.connect(broker, SILENCE_MILLIS);
            in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), BUFFER_BYTES));
            out = socket.getOutputStream();
            connect(login);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private void connect(Login login) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream fields = new DataOutputStream(body);
        fields.writeUTF("MQTT");
        fields.writeByte(isV5 ? 5 : 4);
        fields.writeByte((login.isClean() ? 2 : 0) | (login.hasWill() ? 4 : 0));
        fields.writeShort(60);
        if (isV5) {
            fields.writeByte(5);
            fields.writeByte(0x11); // session expiry interval
            fields.writeInt(login.isClean() ? 0 : SESSION_EXPIRY_SECONDS);
        }
        fields.writeUTF(login.clientId());
        if (login.hasWill()) {
            if (isV5) {
                fields.writeByte(0);
            }
            fields.writeUTF("training/wills");
            fields.writeUTF("gone");
        }
        send(0x10, body);
        flush();
        Packet answer = read();
        if (answer.type() != 2 || answer.body()[1] != 0) {
            throw new IOException(login.clientId() + " was refused");
        }
    }

    /** Subscribes and waits for the answer. */
    void subscribe(String filter, int qos) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream fields = new DataOutputStream(body);
        fields.writeShort(1);
        endOfProperties(fields);
        fields.writeUTF(filter);
        fields.writeByte(qos);
        send(0x82, body);
        flush();
        for (int wanted = subscribed + 1; subscribed < wanted; ) {
            readOne();
        }
    }

    /** Gathers a PUBLISH; {@link #flush} sends it. */
    void publish(String topic, int qos, boolean retained, byte[] payload) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream fields = new DataOutputStream(body);
        fields.writeUTF(topic);
        if (qos > 0) {
            fields.writeShort(1 + published++ % PACKET_IDS);
        }
        endOfProperties(fields);
        fields.write(payload);
        send(0x30 | qos << 1 | (retained ? 1 : 0), body);
    }

    /** Waits until at most so many of its messages are unacknowledged. */
    void awaitAcknowledged(int openMax) throws IOException {
        flush();
        while (published - acknowledged > openMax) {
            readOne();
        }
    }

    /** Waits until it was sent so many messages since it connected. */
    void awaitReceived(int messages) throws IOException {
        flush();
        while (received < messages) {
            readOne();
        }
        flush();
    }

    /** Sends what was gathered. */
    void flush() throws IOException {
        waiting.writeTo(out);
        waiting.reset();
    }

    /** Goes without a word, as a client with a will may do. */
    void vanish() throws IOException {
        socket.close();
    }

    /** Sends DISCONNECT and closes. */
    @Override
    public void close() throws IOException {
        try (socket) {
            waiting.writeBytes(new byte[] {(byte) 0xE0, 0});
            flush();
        }
    }

    private void endOfProperties(DataOutputStream fields) throws IOException {
        if (isV5) {
            fields.writeByte(0);
        }
    }

    private void send(int first, ByteArrayOutputStream body) {
        waiting.write(first);
        int rest = body.size();
        while (rest > 0x7F) {
            waiting.write((rest & 0x7F) | 0x80);
            rest >>= 7;
        }
        waiting.write(rest);
        waiting.writeBytes(body.toByteArray());
    }

    private void readOne() throws IOException {
        Packet packet = read();
        switch (packet.type()) {
            case 3 -> answer(packet);
            case 4, 7 -> acknowledged++;
            case 5 -> send(0x62, packet.packetId(0));
            case 6 -> send(0x70, packet.packetId(0));
            case 9 -> subscribed++;
            default -> throw new IOException("got packet type " + packet.type());
        }
        if (in.available() == 0) {
            flush();
        }
    }

    private void answer(Packet publish) {
        received++;
        int qos = publish.first() >> 1 & 3;
        if (qos > 0) {
            send(qos == 1 ? 0x40 : 0x50, publish.packetId(publish.topicEnd()));
        }
    }

    private Packet read() throws IOException {
        int first = in.readUnsignedByte();
        int length = 0;
        int digit = 0x80;
        for (int shift = 0; digit >= 0x80; shift += 7) {
            digit = in.readUnsignedByte();
            length |= (digit & 0x7F) << shift;
        }
        byte[] body = new byte[length];
        in.readFully(body);
        return new Packet(first, body);
    }

    /** A packet as it came: the first byte and what follows the length. */
    private record Packet(int first, byte[] body) {
        int type() {
            return first >> 4;
        }

        /** Of a PUBLISH. */
        int topicEnd() {
            return 2 + ((body[0] & 0xFF) << 8 | (body[1] & 0xFF));
        }

        /** As the body of an answer. */
        ByteArrayOutputStream packetId(int at) {
            ByteArrayOutputStream id = new ByteArrayOutputStream(2);
            id.write(body, at, 2);
            return id;
        }
    }

    /** The topic of a client's own, which no other one reads. */
    static String topicOf(String clientId) {
        return "training/clients/" + clientId;
    }

    /** A payload as devices send it. */
    static byte[] payload(int number) {
        return "{\"number\":%d,\"temperature\":21.5,\"unit\":\"C\",\"where\":\"the third shelf from the left\"}"
                .formatted(number)
                .getBytes(StandardCharsets.UTF_8);
    }
}
