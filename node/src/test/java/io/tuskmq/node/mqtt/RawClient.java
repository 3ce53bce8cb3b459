package io.tuskmq.node.mqtt;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.Optional;

/** A client that sends whatever bytes a test wants, and reads packets without judging them. */
public final class RawClient implements Closeable {
    private static final int PATIENCE_MILLIS = 10_000;

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    public RawClient(Socket socket) throws IOException {
        this.socket = socket;
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(PATIENCE_MILLIS);
        in = new java.io.BufferedInputStream(socket.getInputStream());
        out = socket.getOutputStream();
    }

    public static RawClient connect(int port) throws IOException {
        return connect(port, 0);
    }

    /** @param receiveBufferBytes of the socket; 0 = what the system gives */
    public static RawClient connect(int port, int receiveBufferBytes) throws IOException {
        Socket socket = new Socket();
        if (receiveBufferBytes > 0) {
            socket.setReceiveBufferSize(receiveBufferBytes);
        }
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), PATIENCE_MILLIS);
        return new RawClient(socket);
    }

    public static RawClient connect(InetSocketAddress address) throws IOException {
        Socket socket = new Socket();
        socket.connect(address, PATIENCE_MILLIS);
        return new RawClient(socket);
    }

    /** Connects, sends a CONNECT and reads the CONNACK, which must be successful. */
    public static RawClient connected(int port, byte[] connect) throws IOException {
        RawClient client = connect(port);
        client.send(connect);
        Packet connAck = client.read();
        if (connAck.type() != 2 || connAck.body()[1] != 0) {
            throw new AssertionError("no successful CONNACK: " + connAck);
        }
        return client;
    }

    /** A packet as it came. */
    public record Packet(int first, byte[] body) {
        public int type() {
            return first >> 4;
        }

        public int flags() {
            return first & 15;
        }

        public int u8(int at) {
            return body[at] & 0xFF;
        }

        public int u16(int at) {
            return (u8(at) << 8) | u8(at + 1);
        }

        /** The whole packet in hexadecimal digits, as it was on the wire. */
        public String wire() {
            return Packets.hexOf(Packets.packet(first, body));
        }

        /** First byte and body, without the length. */
        public String hex() {
            return Packets.hexOf(concat(Packets.u8(first), body));
        }

        @Override
        public String toString() {
            return "Packet[" + hex() + "]";
        }
    }

    public void send(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    /** Sends, or finds that the broker has closed already: both are fine when the end is expected. */
    public void sendToTheEnd(byte[] bytes) {
        try {
            send(bytes);
        } catch (IOException e) {
            assert e != null;
        }
    }

    /** The next packet; fails at the end of the stream or when none comes. */
    public Packet read() throws IOException {
        return readOrEnd().orElseThrow(() -> new EOFException("the broker closed the connection"));
    }

    /** The next packet, or empty when the broker closed the connection. */
    public Optional<Packet> readOrEnd() throws IOException {
        try {
            int first = in.read();
            if (first < 0) {
                return Optional.empty();
            }
            int length = 0;
            int shift = 0;
            int b;
            do {
                b = in.read();
                length |= (b & 0x7F) << shift;
                shift += 7;
            } while ((b & 0x80) != 0);
            byte[] body = in.readNBytes(length);
            if (body.length < length) {
                throw new EOFException("the broker closed within a packet");
            }
            return Optional.of(new Packet(first, body));
        } catch (SocketTimeoutException e) {
            throw new AssertionError("nothing came within " + PATIENCE_MILLIS + " ms", e);
        } catch (SocketException e) {
            return Optional.empty(); // reset
        }
    }

    /** Reads until the broker closes; returns the last packet before. */
    public Optional<Packet> readToTheEnd() throws IOException {
        Optional<Packet> last = Optional.empty();
        while (true) {
            Optional<Packet> next = readOrEnd();
            if (next.isEmpty()) {
                return last;
            }
            last = next;
        }
    }

    /** Shows that the connection lives and is read from: a PINGREQ is answered. */
    public void ping() throws IOException {
        send(Packets.PINGREQ);
        Packet answer = read();
        if (answer.type() != 13) {
            throw new AssertionError("not a PINGRESP: " + answer);
        }
    }

    /** Ends the connection abruptly (with a reset), without DISCONNECT. */
    public void abort() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    public Socket socket() {
        return socket;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    public static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
