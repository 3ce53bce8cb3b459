package io.tuskmq.node.process;

import static io.tuskmq.node.mqtt.Packets.connect4;
import static io.tuskmq.node.mqtt.Packets.string;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.RawClient;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A client with a persistent session that lives through crashes of its broker: a thread that connects again whenever its connection
 * ends, and goes on as MQTT 3.1.1 demands (4.4).
 */
abstract class CrashClient {
    private final String clientId;
    private final IntSupplier port;
    private final Thread thread;
    private final Semaphore brokerIsBack = new Semaphore(0);
    private final AtomicReference<@Nullable Throwable> fault = new AtomicReference<>();
    private volatile boolean closing;
    private volatile @Nullable RawClient current;
    private boolean known;

    /** @param port of the broker that runs now */
    CrashClient(String clientId, IntSupplier port) {
        this.clientId = clientId;
        this.port = port;
        this.thread = Thread.ofPlatform().name(clientId).unstarted(this::run);
    }

    /** Called on each new connection. Returns or throws at its end. */
    abstract void connected(RawClient connection) throws IOException;

    String clientId() {
        return clientId;
    }

    void start() {
        thread.start();
    }

    boolean isClosing() {
        return closing;
    }

    /** No more connections. */
    void end() {
        closing = true;
    }

    /** A broker accepts clients again. */
    void brokerIsBack() {
        brokerIsBack.release();
    }

    /** What a client found that no crash explains. */
    void orThrow() {
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
        try (RawClient connection = RawMqtt.open(port.getAsInt())) {
            connection.send(connect4(0, 0, string(clientId)));
            RawClient.Packet connAck = connection.read();
            if (connAck.u8(1) != 0) {
                return false; // server unavailable
            }
            assertTrue(connAck.u8(0) == 1 || !known, "[MQTT-3.2.2-2] the session is never forgotten");
            known = true;
            current = connection;
            connected(connection);
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    void stop() throws IOException, InterruptedException {
        closing = true;
        brokerIsBack.release();
        RawClient connection = current;
        if (connection != null) {
            connection.close();
        }
        thread.join(TimeUnit.SECONDS.toMillis(90));
    }
}
