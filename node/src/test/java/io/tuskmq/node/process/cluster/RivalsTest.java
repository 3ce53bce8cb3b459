package io.tuskmq.node.process.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Rivals find two connections that are served at the same time, and only those. */
class RivalsTest {
    private static final Duration SOON = Duration.ofSeconds(10);

    /** Says yes to every CONNECT and answers every PINGREQ; closes the older connection before that or never. */
    private static final class FakeBroker implements AutoCloseable {
        private final ServerSocket listening;
        private final boolean closesOlder;
        private final ReentrantLock lock = new ReentrantLock();
        private @Nullable Socket current;

        FakeBroker(boolean closesOlder) throws IOException {
            this.listening = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
            this.closesOlder = closesOlder;
        }

        FakeBroker start() {
            Thread.ofVirtual().start(() -> {
                while (!listening.isClosed()) {
                    try {
                        Socket client = listening.accept();
                        Thread.ofVirtual().start(() -> serve(client));
                    } catch (IOException e) {
                        assert listening.isClosed() : e;
                    }
                }
            });
            return this;
        }

        RawClient open() throws IOException {
            return RawClient.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), listening.getLocalPort()));
        }

        private void serve(Socket socket) {
            try (RawClient client = new RawClient(socket)) {
                client.read();
                takeOver(socket, client);
                while (client.readOrEnd().isPresent()) {
                    client.send(Packets.hex("d0 00"));
                }
            } catch (IOException e) {
                assert e != null; // the other side went
            }
        }

        private void takeOver(Socket socket, RawClient client) throws IOException {
            lock.lock();
            try {
                if (closesOlder && current != null) {
                    current.close();
                }
                current = socket;
                client.send(Packets.hex("20 02 00 00"));
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() throws IOException {
            listening.close();
        }
    }

    @Test
    void twoConnectionsThatAreServedAtTheSameTimeAreFound() throws IOException {
        try (FakeBroker broker = new FakeBroker(false).start();
                Rivals rivals = new Rivals("id", 0)) {
            rivals.fightFrom(broker::open);
            Await.until("the first one is there", SOON, () -> rivals.connections() == 1);
            rivals.fightFrom(broker::open);
            Await.until("it is found", SOON, () -> !rivals.faults().isEmpty());
            assertFalse(rivals.faults().isEmpty());
        }
    }

    @Test
    void connectionsThatFollowOneAnotherAreFine() throws IOException {
        try (FakeBroker broker = new FakeBroker(true).start();
                Rivals rivals = new Rivals("id", 0)) {
            rivals.fightFrom(broker::open);
            rivals.fightFrom(broker::open);
            Await.until("they throw each other out", SOON, () -> rivals.connections() >= 100);
            assertEquals(List.of(), rivals.faults());
        }
    }
}
