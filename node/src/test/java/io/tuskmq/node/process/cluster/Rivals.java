package io.tuskmq.node.process.cluster;

import static io.tuskmq.node.mqtt.Packets.connect4;
import static io.tuskmq.node.mqtt.Packets.string;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.CrashClient.Entrance;
import io.tuskmq.node.process.RawMqtt;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Clients that fight for one client id from several nodes: each connects again when it is thrown out. Afterwards it can be told whether
 * two connections were alive at the same time (I5).
 */
final class Rivals implements AutoCloseable {
    private static final int SERVER_UNAVAILABLE = 3;
    private final byte[] connect;
    private final List<Life> lives = new CopyOnWriteArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final List<String> faults = new CopyOnWriteArrayList<>();
    private volatile boolean closing;

    /**
     * One connection, by {@link System#nanoTime}: when its CONNECT was sent, when its CONNACK was read, and when the last PINGREQ was sent
     * that was answered: then it was still served.
     */
    private static final class Life {
        private final long asked;
        private final long opened;
        private volatile long served;

        Life(long asked, long opened) {
            this.asked = asked;
            this.opened = opened;
            this.served = opened;
        }
    }

    /** @param flags of CONNECT: clean or not */
    Rivals(String clientId, int flags) {
        this.connect = connect4(flags, 0, string(clientId));
    }

    void fightFrom(Entrance entrance) {
        threads.add(Thread.ofPlatform().name("rival-" + threads.size()).start(() -> {
            while (!closing) {
                live(entrance);
            }
        }));
    }

    private void live(Entrance entrance) {
        try (RawClient client = entrance.open()) {
            client.socket().setSoTimeout(RawMqtt.PATIENCE_MILLIS);
            long asked = System.nanoTime();
            client.send(connect);
            Optional<RawClient.Packet> connAck = client.readOrEnd();
            if (connAck.isEmpty()) {
                return; // another one was faster
            }
            if (connAck.get().u8(1) == SERVER_UNAVAILABLE) {
                return; // another one came while this one was being let in
            }
            if (connAck.get().u8(1) != 0) {
                faults.add("refused: " + connAck.get());
                return;
            }
            Life life = new Life(asked, System.nanoTime());
            lives.add(life);
            while (!closing) {
                long sent = System.nanoTime();
                client.send(Packets.PINGREQ);
                if (client.readOrEnd().isEmpty()) {
                    return;
                }
                life.served = sent;
            }
        } catch (IOException e) {
            assert e != null; // thrown out while it wrote
        } catch (AssertionError e) {
            faults.add(e.toString());
        }
    }

    /** How many connections there were so far. */
    int connections() {
        return lives.size();
    }

    /**
     * What was wrong. A connection is newer than another one beyond doubt when its CONNECT was sent after the other's CONNACK had come;
     * the older one is alive beyond doubt when a PINGREQ is answered that was sent after the newer one's CONNACK had come.
     */
    List<String> faults() {
        List<String> all = new ArrayList<>(faults);
        for (Life older : lives) {
            @Nullable
            Life witness = lives.stream()
                    .filter(newer -> newer.asked > older.opened && older.served > newer.opened)
                    .findFirst()
                    .orElse(null);
            if (witness != null) {
                all.add("an older connection was served " + (older.served - witness.opened) / 1000
                        + " µs after the CONNACK of a newer one");
            }
        }
        return all;
    }

    @Override
    public void close() {
        closing = true;
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(e);
            }
        }
    }
}
