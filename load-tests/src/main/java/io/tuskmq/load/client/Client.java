package io.tuskmq.load.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.DecoderException;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One MQTT client. It outlives its connections: a message that was not acknowledged is sent again, marked DUP, when the client comes back.
 * Made by {@link Network}; all state belongs to its event loop, and methods that may be called from elsewhere return a future.
 */
public final class Client {
    private static final int CONTROL_ID = 65_535;
    private static final int OUT_BYTES_MAX = 1 << 16;
    private static final int LEAVING_MILLIS_MAX = 2_000;
    private static final int NO_RETAINED = 0x20; // retain handling 2 in a subscription's options

    private final Network network;
    private final EventLoop loop;
    private final int loopIndex;
    private final Session session;
    private final Events events;
    private final boolean isV5;

    // Lives with the session.
    private final Sending sending;
    private final BitSet incomingExactlyOnce = new BitSet();
    private final Incoming incoming = new Incoming();

    // Lives with the connection.
    private Target target;
    private @Nullable Channel channel;
    private @Nullable ByteBuf out;
    private @Nullable CompletableFuture<Boolean> connecting;
    private @Nullable CompletableFuture<Void> control;
    private @Nullable Throwable failure;
    private @Nullable ScheduledFuture<?> ping;
    private boolean isConnected;
    private boolean isLeaving;
    private int inFlightMax;
    private long readNanos;

    Client(Network network, int loopIndex, Target target, Session session, Events events) {
        this.network = network;
        this.loopIndex = loopIndex;
        this.loop = network.loop(loopIndex);
        this.target = target;
        this.session = session;
        this.events = events;
        this.isV5 = network.credentials().protocol() == Protocol.V5;
        this.sending = new Sending(network.inFlightMax(), network.payloads());
        this.inFlightMax = sending.messagesMax();
    }

    public EventLoop loop() {
        return loop;
    }

    public int loopIndex() {
        return loopIndex;
    }

    public Session session() {
        return session;
    }

    public Target target() {
        return target;
    }

    public boolean isConnected() {
        return isConnected;
    }

    /** Messages with QoS 1 and 2 that are not acknowledged in full. */
    public int inFlight() {
        return sending.inFlight();
    }

    /** Connects, again too; the future tells whether the broker had a session for this client. */
    public CompletableFuture<Boolean> connect(Target to) {
        CompletableFuture<Boolean> result = new CompletableFuture<>();
        loop.execute(() -> {
            if (channel != null || connecting != null) {
                result.completeExceptionally(new IllegalStateException(session.clientId() + " is connected"));
                return;
            }
            target = to;
            connecting = result;
            failure = null;
            isLeaving = false;
            network.open(this);
        });
        return result;
    }

    public CompletableFuture<Boolean> connect() {
        return connect(target);
    }

    public CompletableFuture<Void> subscribe(List<String> filters, int qos) {
        return subscribe(filters, qos, true);
    }

    /** @param wantsRetained false: no retained messages, which only MQTT 5 can say */
    public CompletableFuture<Void> subscribe(List<String> filters, int qos, boolean wantsRetained) {
        int options = qos | (isV5 && !wantsRetained ? NO_RETAINED : 0);
        CompletableFuture<Void> result = new CompletableFuture<>();
        loop.execute(() -> {
            if (!isConnected || control != null) {
                result.completeExceptionally(new IllegalStateException(
                        session.clientId() + " can't subscribe now: not connected or subscribing"));
                return;
            }
            control = result;
            Wire.subscribe(out(), CONTROL_ID, filters, options, isV5);
            flush();
        });
        return result;
    }

    /** Sends DISCONNECT and closes. */
    public CompletableFuture<Void> disconnect() {
        return close(true);
    }

    /** Closes without a word, as a client does whose network is gone: its will is published. */
    public CompletableFuture<Void> drop() {
        return close(false);
    }

    private CompletableFuture<Void> close(boolean withDisconnect) {
        CompletableFuture<Void> result = new CompletableFuture<>();
        loop.execute(() -> {
            Channel current = channel;
            if (current == null) {
                result.complete(null);
                return;
            }
            isLeaving = true;
            boolean says = withDisconnect && isConnected;
            if (says) {
                Wire.disconnect(out());
            }
            flush();
            isConnected = false;
            var _ = current.closeFuture().addListener(_ -> result.complete(null));
            if (says) {
                // Who closes with bytes unread resets the connection, and the broker may never see the DISCONNECT: it
                // closes first.
                Runnable closing = () -> {
                    var _ = current.close();
                };
                var _ = loop.schedule(closing, LEAVING_MILLIS_MAX, TimeUnit.MILLISECONDS);
            } else {
                var _ = current.close();
            }
        });
        return result;
    }

    Events events() {
        return events;
    }

    boolean isV5() {
        return isV5;
    }

    /** Whether a message with this QoS can be sent now. */
    public boolean hasRoom(int qos) {
        Channel current = channel;
        return isConnected && current != null && current.isWritable() && (qos == 0 || sending.inFlight() < inFlightMax);
    }

    /** Buffers a PUBLISH; {@link #flush} sends it. There must be room. */
    public void publish(Outgoing message) {
        assert loop.inEventLoop();
        if (message.flow().qos() > 0) {
            sending.begin(message);
        }
        Wire.publish(out(), message, false, isV5, network.payloads());
        if (out().readableBytes() > OUT_BYTES_MAX) {
            flush();
        }
    }

    public void flush() {
        ByteBuf bytes = out;
        if (bytes != null) {
            out = null;
            Channel current = channel;
            if (current == null) {
                bytes.release();
            } else {
                var _ = current.writeAndFlush(bytes, current.voidPromise());
            }
        }
    }

    ByteBuf out() {
        ByteBuf bytes = out;
        if (bytes == null) {
            bytes = network.buffer();
            out = bytes;
        }
        return bytes;
    }

    void opening(Channel opened) {
        channel = opened;
    }

    void opened(Channel opened) {
        channel = opened;
        Wire.connect(out(), network.credentials(), session);
        flush();
        CompletableFuture<Boolean> waiting = connecting;
        var _ = loop.schedule(
                () -> {
                    if (waiting != null && !waiting.isDone()) {
                        fails(opened, new IOException("no CONNACK within the connect timeout"));
                    }
                },
                network.credentials().connectTimeoutMillis(),
                TimeUnit.MILLISECONDS);
    }

    void reads() {
        readNanos = System.nanoTime();
    }

    void readsNoMore() {
        if (sending.gaveRoom()) {
            events.room(this);
        }
        flush();
    }

    void writability(boolean isWritable) {
        if (isWritable && isConnected) {
            events.room(this);
        }
    }

    void packet(int first, ByteBuf in, int end) {
        if (isLeaving) {
            return; // nothing may be sent after a DISCONNECT: what comes now stays with the session
        }
        switch (first >> 4) {
            case Wire.PUBLISH -> published(first, in, end);
            case Wire.PUBACK, Wire.PUBREC, Wire.PUBCOMP -> sending.answered(this, first >> 4, in, end);
            case Wire.PUBREL -> {
                int packetId = in.readUnsignedShort();
                incomingExactlyOnce.clear(packetId);
                Wire.acknowledge(out(), Wire.PUBCOMP, packetId);
            }
            case Wire.CONNACK -> connected(in, end);
            case Wire.SUBACK -> subscribed(in, end);
            case Wire.PINGRESP, Wire.UNSUBACK -> {}
            case Wire.DISCONNECT -> {
                int reason = end > in.readerIndex() ? in.readUnsignedByte() : 0;
                throw new DecoderException("DISCONNECT with reason 0x" + Integer.toHexString(reason));
            }
            default -> throw new DecoderException("a packet of type " + (first >> 4));
        }
    }

    private void published(int first, ByteBuf in, int end) {
        incoming.nanos = readNanos;
        int packetId = incoming.read(first, in, end, isV5);
        int qos = incoming.qos();
        // [MQTT-4.3.3-2] A QoS 2 message is delivered once, whatever is sent again before its PUBREL.
        if (qos < 2 || !incomingExactlyOnce.get(packetId)) {
            if (qos == 2) {
                incomingExactlyOnce.set(packetId);
            }
            events.delivered(this, incoming);
        }
        if (qos > 0) {
            Wire.acknowledge(out(), qos == 1 ? Wire.PUBACK : Wire.PUBREC, packetId);
        }
    }

    private void connected(ByteBuf in, int end) {
        CompletableFuture<Boolean> waiting = connecting;
        if (waiting == null) {
            throw new DecoderException("a second CONNACK");
        }
        boolean sessionPresent = (in.readUnsignedByte() & 1) != 0;
        int code = in.readUnsignedByte();
        if (code != 0) {
            throw new DecoderException("refused with code 0x" + Integer.toHexString(code));
        }
        inFlightMax =
                Math.min(sending.messagesMax(), isV5 && end > in.readerIndex() ? Wire.receiveMaximum(in) : 65_535);
        connecting = null;
        isConnected = true;
        events.connected(this, sessionPresent);
        if (!sessionPresent) {
            incomingExactlyOnce.clear();
        }
        sending.resume(this, sessionPresent);
        flush();
        keepAlive();
        waiting.complete(sessionPresent);
        events.room(this);
    }

    private void keepAlive() {
        int seconds = network.credentials().keepAliveSeconds();
        if (seconds > 0) {
            Channel pinged = channel;
            ping = loop.scheduleAtFixedRate(
                    () -> {
                        if (isConnected && pinged != null && pinged.equals(channel)) {
                            if (System.nanoTime() - readNanos > TimeUnit.SECONDS.toNanos(2L * seconds)) {
                                fails(pinged, new IOException("silent for two keep-alive times"));
                            } else {
                                Wire.ping(out());
                                flush();
                            }
                        }
                    },
                    seconds * 750L,
                    seconds * 750L,
                    TimeUnit.MILLISECONDS);
        }
    }

    private void subscribed(ByteBuf in, int end) {
        CompletableFuture<Void> waiting = control;
        if (waiting == null) {
            throw new DecoderException("a SUBACK that nobody waits for");
        }
        control = null;
        int refusal = Wire.refusedSubscription(in, end, isV5);
        if (refusal > 0) {
            waiting.completeExceptionally(
                    new IOException("a subscription was refused with 0x" + Integer.toHexString(refusal)));
            return;
        }
        waiting.complete(null);
    }

    /** The connection could not be made: nothing else will tell that it is closed. */
    void unopened(Channel unopened, Throwable cause) {
        channel = unopened;
        failure = cause;
        closed(unopened);
    }

    void fails(Channel failing, Throwable cause) {
        if (failure == null) {
            failure = cause;
        }
        var _ = failing.close();
    }

    void closed(Channel closing) {
        if (!closing.equals(channel)) {
            return;
        }
        Throwable cause = failure == null ? new IOException("the connection was closed by the other side") : failure;
        boolean wasConnected = isConnected;
        channel = null;
        isConnected = false;
        if (out != null) {
            out.release();
            out = null;
        }
        if (ping != null) {
            ping.cancel(false);
            ping = null;
        }
        Throwable told = new IOException(session.clientId() + " at " + target + ": " + cause.getMessage(), cause);
        List<CompletableFuture<?>> waiting = new ArrayList<>();
        if (connecting != null) {
            waiting.add(connecting);
        }
        if (control != null) {
            waiting.add(control);
        }
        connecting = null;
        control = null;
        waiting.forEach(future -> future.completeExceptionally(told));
        if (wasConnected && !isLeaving) {
            events.closed(this, told);
        }
    }
}
