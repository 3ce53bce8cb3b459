package io.tuskmq.node.process;

import static io.tuskmq.node.mqtt.Packets.connect4;
import static io.tuskmq.node.mqtt.Packets.string;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A client with a persistent session that lives through crashes of its broker: a thread that connects again whenever its connection
 * ends, and goes on as MQTT 3.1.1 demands (4.4).
 */
public abstract class CrashClient {
    /** After so long without a word a client of a cluster asks whether its broker is there. */
    private static final long ASK_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final int PINGRESP = 13;

    /** Where the next connection of a client leads. */
    @FunctionalInterface
    public interface Entrance {
        /** A connection on which nothing was sent yet. */
        RawClient open() throws IOException;
    }

    private final String clientId;
    private final Entrance entrance;
    private final Semaphore brokerIsBack = new Semaphore(0);
    private final AtomicReference<@Nullable Throwable> fault = new AtomicReference<>();
    private volatile boolean closing;
    private volatile @Nullable RawClient current;
    private volatile boolean established;
    private volatile long heardNanos;
    private boolean known;
    private @Nullable Thread thread;

    protected CrashClient(String clientId, Entrance entrance) {
        this.clientId = clientId;
        this.entrance = entrance;
    }

    /** Called on each new connection. Returns or throws at its end. */
    protected abstract void connected(RawClient connection) throws IOException;

    public String clientId() {
        return clientId;
    }

    public void start() {
        thread = Thread.ofPlatform().name(clientId).start(this::run);
    }

    protected boolean isClosing() {
        return closing;
    }

    /** No more connections. */
    protected void end() {
        closing = true;
    }

    /** A broker accepts clients again. */
    public void brokerIsBack() {
        brokerIsBack.release();
    }

    /** What a client found that no crash explains. */
    public void orThrow() {
        Throwable found = fault.get();
        if (found != null) {
            throw new AssertionError(clientId, found);
        }
    }

    private void run() {
        try {
            while (!closing) {
                if (!converse()) {
                    // Refused: no broker runs, or the database isn't there yet.
                    brokerIsBack.tryAcquire(100, TimeUnit.MILLISECONDS);
                }
            }
        } catch (RuntimeException | AssertionError | InterruptedException e) {
            fault.set(e);
        }
    }

    /** One connection; false when there was none. */
    private boolean converse() {
        established = false;
        heardNanos = System.nanoTime();
        try (RawClient connection = entrance.open()) {
            current = connection;
            connection.send(connect4(0, 0, string(clientId)));
            RawClient.Packet connAck = next(connection);
            if (connAck.u8(1) != 0) {
                return false; // server unavailable
            }
            assertTrue(connAck.u8(0) == 1 || !known, "[MQTT-3.2.2-2] the session is never forgotten");
            known = true;
            established = true;
            connected(connection);
            return true;
        } catch (IOException _) {
            return false;
        } finally {
            established = false;
        }
    }

    /** The next packet that is not an answer to {@link #ask}. */
    protected RawClient.Packet next(RawClient connection) throws IOException {
        while (true) {
            RawClient.Packet packet = connection.read();
            heardNanos = System.nanoTime();
            if (packet.type() != PINGRESP) {
                return packet;
            }
        }
    }

    /** Waits between two packets, or until the client is stopped. */
    protected void pause(long millis) {
        try {
            if (millis > 0 && !closing) {
                brokerIsBack.tryAcquire(millis, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(clientId, e);
        }
    }

    /** Whether a connection stands that CONNACK has opened. */
    public boolean isConnected() {
        return established;
    }

    /**
     * What a keep-alive does, called again and again from another thread: a silent broker is asked whether it is there, and one that
     * was silent for too long is left. Without it a client of a broker that was paused or cut off waits for ever.
     */
    public void ask(long silenceMillisMax) {
        RawClient connection = current;
        long silent = System.nanoTime() - heardNanos;
        if (connection == null || silent < ASK_NANOS) {
            return;
        }
        try {
            if (silent > TimeUnit.MILLISECONDS.toNanos(silenceMillisMax)) {
                connection.close();
            } else if (established) {
                connection.send(Packets.PINGREQ);
            }
        } catch (IOException e) {
            assert e != null; // the client's own thread sees the end too
        }
    }

    /** Closes its connection: it opens another one. */
    public void drop() throws IOException {
        RawClient connection = current;
        if (connection != null) {
            connection.close();
        }
    }

    /** Ends the thread, wherever it waits. */
    public void stop() throws IOException, InterruptedException {
        closing = true;
        brokerIsBack.release();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
        while (thread != null && thread.isAlive() && System.nanoTime() < end) {
            drop();
            thread.join(100); // it may have opened another one just now
        }
    }
}
