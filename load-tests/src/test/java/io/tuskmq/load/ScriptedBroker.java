package io.tuskmq.load;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A broker that is just able to carry pairs, and that does one thing wrong when it is told to. */
final class ScriptedBroker implements Closeable {
    /** What happens to one message, or at it. */
    enum Fault {
        NONE,
        LOSE,
        DOUBLE,
        SWAP,
        STALL,
        CLOSE,
        ACK_TWICE,
        REFUSE
    }

    static final int FAULT_AT = 40;
    static final int RECEIVE_MAXIMUM = 7;

    private final ServerSocket server;
    private final Fault fault;
    private final boolean isSplit;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Peer> subscribers = new ConcurrentHashMap<>();
    private final List<Socket> sockets = new ArrayList<>();
    private byte @Nullable [] held;
    private int published;

    /** Each packet that came: its first byte, and its packet id where it is a PUBLISH with one. */
    final ConcurrentLinkedQueue<String> seen = new ConcurrentLinkedQueue<>();

    /** Whether CONNACK says that there is a session. */
    volatile boolean sessionPresent;

    /** How many CONNECTs are still refused, as a broker does whose database is away. */
    final AtomicInteger refusals = new AtomicInteger();

    /** Whether publishes are acknowledged. */
    volatile boolean isAcking = true;

    private record Peer(OutputStream out, boolean isV5, int[] lastId) {}

    ScriptedBroker(Fault fault, boolean isSplit) throws IOException {
        this.fault = fault;
        this.isSplit = isSplit;
        this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    String address() {
        return "127.0.0.1:" + server.getLocalPort();
    }

    private void accept() {
        while (true) {
            try {
                Socket socket = server.accept();
                socket.setTcpNoDelay(true);
                lock.lock();
                try {
                    sockets.add(socket);
                } finally {
                    lock.unlock();
                }
                Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            OutputStream out = socket.getOutputStream();
            Peer peer = new Peer(out, false, new int[1]);
            while (true) {
                int first = in.readUnsignedByte();
                int length = 0;
                int digit = 0x80;
                for (int shift = 0; digit > 0x7F; shift += 7) {
                    digit = in.readUnsignedByte();
                    length |= (digit & 0x7F) << shift;
                }
                byte[] body = in.readNBytes(length);
                if (first >> 4 == 1) {
                    seen.add("connect " + body[1 + 1 + body[1]]);
                    peer = new Peer(out, body[2 + body[1]] == 5, peer.lastId);
                    connack(peer);
                } else {
                    handle(peer, socket, first, body);
                }
            }
        } catch (EOFException | SocketException e) {
            return; // the client has gone, or the test
        } catch (IOException e) {
            seen.add("failed " + e);
        }
    }

    private void connack(Peer peer) throws IOException {
        if (refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            write(peer, peer.isV5 ? new byte[] {0x20, 3, 0, (byte) 0x88, 0} : new byte[] {0x20, 2, 0, 3});
            return;
        }
        int present = sessionPresent ? 1 : 0;
        write(
                peer,
                peer.isV5
                        ? new byte[] {0x20, 6, (byte) present, 0, 3, 0x21, 0, RECEIVE_MAXIMUM}
                        : new byte[] {0x20, 2, (byte) present, 0});
    }

    private void handle(Peer peer, Socket socket, int first, byte[] body) throws IOException {
        switch (first >> 4) {
            case 3 -> published(peer, socket, first, body);
            case 5 -> write(peer, new byte[] {0x62, 2, body[0], body[1]});
            case 6 -> write(peer, new byte[] {0x70, 2, body[0], body[1]});
            case 8 -> {
                int at = peer.isV5 ? 3 : 2;
                int length = (body[at] & 0xFF) << 8 | (body[at + 1] & 0xFF);
                subscribers.put(new String(body, at + 2, length, StandardCharsets.UTF_8), peer);
                byte qos = body[at + 2 + length];
                write(
                        peer,
                        peer.isV5
                                ? new byte[] {(byte) 0x90, 4, body[0], body[1], 0, qos}
                                : new byte[] {(byte) 0x90, 3, body[0], body[1], qos});
            }
            case 12 -> write(peer, new byte[] {(byte) 0xD0, 0});
            case 14 -> {
                seen.add("disconnect");
                socket.close();
            }
            default -> seen.add("type " + (first >> 4));
        }
    }

    private void published(Peer peer, Socket socket, int first, byte[] body) throws IOException {
        int qos = first >> 1 & 3;
        int topicBytes = (body[0] & 0xFF) << 8 | (body[1] & 0xFF);
        String topic = new String(body, 2, topicBytes, StandardCharsets.UTF_8);
        int at = 2 + topicBytes;
        int id = qos == 0 ? 0 : (body[at] & 0xFF) << 8 | (body[at + 1] & 0xFF);
        at += (qos == 0 ? 0 : 2) + (peer.isV5 ? 1 : 0);
        seen.add(((first & 8) != 0 ? "dup " : "publish ") + id);
        byte[] ack = {(byte) (qos == 1 ? 0x40 : 0x50), 2, (byte) (id >> 8), (byte) id};
        lock.lock();
        try {
            published++;
            if (published == FAULT_AT && fault == Fault.CLOSE) {
                socket.close();
            } else if (published == FAULT_AT && fault == Fault.REFUSE) {
                write(peer, new byte[] {ack[0], 3, ack[2], ack[3], (byte) 0x97});
            } else {
                deliver(subscribers.get(topic), topic, qos, java.util.Arrays.copyOfRange(body, at, body.length));
                if (qos > 0 && isAcking) {
                    write(peer, ack);
                    if (published == FAULT_AT && fault == Fault.ACK_TWICE) {
                        write(peer, ack);
                    }
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void deliver(@Nullable Peer to, String topic, int qos, byte[] payload) throws IOException {
        if (to == null) {
            return;
        }
        boolean isNow = published == FAULT_AT;
        if (isNow && fault == Fault.LOSE) {
            return;
        }
        if (isNow && fault == Fault.STALL) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(700));
        }
        if (isNow && fault == Fault.SWAP) {
            held = payload;
            return;
        }
        send(to, topic, qos, payload);
        if (isNow && fault == Fault.DOUBLE) {
            send(to, topic, qos, payload);
        }
        if (held != null) {
            send(to, topic, qos, held);
            held = null;
        }
    }

    private void send(Peer to, String topic, int qos, byte[] payload) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream fields = new DataOutputStream(body);
        fields.writeUTF(topic);
        if (qos > 0) {
            fields.writeShort((++to.lastId[0] & 0x7FFF) | 0x8000);
        }
        if (to.isV5) {
            // A property, so that the client has something to skip: Payload Format Indicator.
            fields.write(new byte[] {2, 1, 0});
        }
        fields.write(payload);
        ByteArrayOutputStream packet = new ByteArrayOutputStream();
        packet.write(0x30 | qos << 1);
        for (int rest = body.size(); ; rest >>= 7) {
            packet.write(rest > 0x7F ? (rest & 0x7F) | 0x80 : rest);
            if (rest <= 0x7F) {
                break;
            }
        }
        body.writeTo(packet);
        write(to, packet.toByteArray());
    }

    private void write(Peer to, byte[] bytes) throws IOException {
        lock.lock();
        try {
            if (isSplit) {
                for (byte one : bytes) {
                    to.out.write(one);
                    to.out.flush();
                }
            } else {
                to.out.write(bytes);
                to.out.flush();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits up to ten seconds until it has seen this. */
    boolean sees(String what) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!seen.contains(what) && System.nanoTime() < until) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
        return seen.contains(what);
    }

    /** Breaks all connections. */
    void breakConnections() throws IOException {
        lock.lock();
        try {
            for (Socket socket : sockets) {
                socket.close();
            }
            sockets.clear();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        breakConnections();
    }
}
