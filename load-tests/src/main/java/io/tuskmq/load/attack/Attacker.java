package io.tuskmq.load.attack;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import org.jspecify.annotations.Nullable;

/** One connection that sends whatever bytes it likes. For one thread; virtual ones are meant. */
final class Attacker implements Closeable {
    static final int PATIENCE_MILLIS = 30_000;

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    /** A packet as it came. */
    record Packet(int first, byte[] body) {
        int type() {
            return first >> 4;
        }

        int at(int index) {
            return body[index] & 0xFF;
        }
    }

    private Attacker(Socket socket) throws IOException {
        this.socket = socket;
        in = new java.io.BufferedInputStream(socket.getInputStream(), 256);
        out = socket.getOutputStream();
    }

    static Attacker open(int port) throws IOException {
        return open(port, 0);
    }

    /** @param receiveBufferBytes of the socket; 0: what the system gives */
    static Attacker open(int port, int receiveBufferBytes) throws IOException {
        Socket socket = new Socket();
        if (receiveBufferBytes > 0) {
            socket.setReceiveBufferSize(receiveBufferBytes);
        }
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(PATIENCE_MILLIS);
        try {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), PATIENCE_MILLIS);
            return new Attacker(socket);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /** Connects as a client, and has heard that it is welcome. */
    static Attacker client(int port, byte[] connect) throws IOException {
        Attacker attacker = open(port);
        attacker.send(connect);
        Packet answer = attacker.read();
        if (answer == null || answer.type() != Bytes.CONNACK || answer.at(1) != 0) {
            attacker.close();
            throw new IOException("CONNECT was refused: " + answer);
        }
        return attacker;
    }

    /** Over WebSocket; nothing of MQTT is sent yet. */
    static Attacker webSocket(int port) throws IOException {
        Attacker attacker = open(port);
        attacker.send(Bytes.upgrade());
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int one = attacker.in.read();
            if (one < 0) {
                throw new IOException("no WebSocket: " + head);
            }
            head.append((char) one);
        }
        return attacker;
    }

    void send(byte[] bytes) throws IOException {
        out.write(bytes);
    }

    /** False: the broker has closed. */
    boolean sends(byte[] bytes) {
        try {
            send(bytes);
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    /** The next packet; null: the broker has closed. Throws when nothing comes for a long time. */
    @Nullable
    Packet read() throws IOException {
        try {
            int first = in.read();
            if (first < 0) {
                return null;
            }
            int length = 0;
            int shift = 0;
            int one;
            do {
                one = in.read();
                length |= (one & 0x7F) << shift;
                shift += 7;
            } while (one >= 0x80);
            byte[] body = in.readNBytes(length);
            return body.length < length ? null : new Packet(first, body);
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException _) {
            return null; // reset
        }
    }

    /** Reads and forgets until the broker closes; false when it doesn't in that time. */
    boolean isClosedWithin(int millis) throws IOException {
        long end = System.nanoTime() + millis * 1_000_000L;
        byte[] rest = new byte[4_096];
        try {
            while (true) {
                long left = (end - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    return false;
                }
                socket.setSoTimeout((int) left);
                if (in.read(rest) < 0) {
                    return true;
                }
            }
        } catch (SocketTimeoutException _) {
            return false;
        } catch (IOException _) {
            return true; // reset
        }
    }

    /** Ends with a reset. */
    void abort() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
