package io.tuskmq.load;

import io.tuskmq.load.Connection.Packet;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.HdrHistogram.Histogram;

/**
 * One fan-out: persistent sessions subscribe and go; publishers fill; sessions come back and drain. At fan-out 1 there are
 * {@value #SESSIONS_OF_ONE} sessions with a topic each, else one topic and as many sessions as the fan-out.
 */
final class FanOut {
    private static final int SESSIONS_OF_ONE = 100;
    private static final int CONNECTING_MAX = 64;
    private static final int ACKS_MAX = 64;
    private static final int RANDOM_BYTES = 1 << 20;
    private static final int NUMBERS_BYTES = 12;
    private static final int PACKET_IDS = 65_535;

    private final InetSocketAddress broker;
    private final Options options;
    private final int run;
    private final String name;
    private final int topics;
    private final int sessions;
    private final int messagesEach;
    private final Ledger ledger;
    private final byte[] random = new byte[RANDOM_BYTES];

    /** The run's number keeps sessions, topics and messages apart from those of other runs. */
    FanOut(InetSocketAddress broker, Options options, int run, int fanOut, int messages) {
        this.broker = broker;
        this.options = options;
        this.run = run;
        this.name = "bench-" + Integer.toHexString(run) + "-" + fanOut;
        this.topics = fanOut == 1 ? SESSIONS_OF_ONE : 1;
        this.sessions = fanOut == 1 ? SESSIONS_OF_ONE : fanOut;
        this.messagesEach = Math.ceilDiv(messages, options.publishers());
        this.ledger = new Ledger(options.publishers(), messagesEach);
        new SplittableRandom().nextBytes(random);
    }

    int sessions() {
        return sessions;
    }

    /** Sessions that drain all their messages, so that there are about as many deliveries as were allowed. */
    int drained() {
        long perSession = Math.max(1, ledger.acked() / topics);
        return topics > 1 ? sessions : Math.clamp(options.drainMax() / perSession, 1, sessions);
    }

    /** Makes the sessions, each with one subscription. */
    void subscribe() throws Exception {
        Semaphore connecting = new Semaphore(CONNECTING_MAX);
        forEach(sessions, i -> {
            connecting.acquire();
            try (Connection connection = new Connection(broker, name + "-" + i, false)) {
                connection.subscribe(topic(i % topics));
            } finally {
                connecting.release();
            }
        });
    }

    /** Publishes all messages; ends when all are acknowledged. Returns the microseconds that each took. */
    Histogram fill() throws Exception {
        List<Connection> connections = new ArrayList<>();
        List<Histogram> histograms = new ArrayList<>();
        for (int i = 0; i < options.publishers(); i++) {
            connections.add(new Connection(broker, name + "-publisher-" + i, true));
            histograms.add(new Histogram(3));
        }
        forEach(connections.size(), i -> {
            try (Connection connection = connections.get(i)) {
                publish(connection, i, histograms.get(i));
            }
        });
        Histogram sum = new Histogram(3);
        histograms.forEach(sum::add);
        return sum;
    }

    private void publish(Connection connection, int publisher, Histogram micros) throws IOException {
        int[] numberOf = new int[PACKET_IDS + 1];
        long[] sentAt = new long[PACKET_IDS + 1];
        byte[][] names = new byte[topics][];
        for (int t = 0; t < topics; t++) {
            names[t] = topic(t).getBytes(StandardCharsets.UTF_8);
        }
        byte[] payload = new byte[options.payloadBytes()];
        int sent = 0;
        int acked = 0;
        while (acked < messagesEach) {
            while (sent < messagesEach && sent - acked < options.window()) {
                int packetId = sent % PACKET_IDS + 1;
                int from = (int) ((sent * 131L + publisher * 7_919L) % (RANDOM_BYTES - payload.length));
                System.arraycopy(random, from, payload, 0, payload.length);
                ByteBuffer.wrap(payload).putInt(run).putInt(publisher).putInt(sent);
                numberOf[packetId] = sent;
                sentAt[packetId] = System.nanoTime();
                connection.publish(names[sent % topics], packetId, payload);
                sent++;
            }
            connection.flush();
            do {
                Packet packet = connection.read();
                if (packet.type() != Connection.PUBACK) {
                    throw new IOException("got packet type " + packet.type() + " in place of a PUBACK");
                }
                ledger.publisher(publisher).acked(numberOf[packet.packetId()]);
                micros.recordValue((System.nanoTime() - sentAt[packet.packetId()]) / 1_000);
                acked++;
            } while (connection.hasMore());
        }
    }

    /** Brings the sample of sessions back and lets each get all its messages. */
    Ledger.Findings drain() throws Exception {
        List<Ledger.Receiver> receivers = new ArrayList<>();
        int sample = drained();
        for (int i = 0; i < sample; i++) {
            receivers.add(ledger.receiver(i % topics, topics));
        }
        forEach(sample, i -> {
            try (Connection connection = new Connection(broker, name + "-" + i, false)) {
                if (!connection.sessionPresent()) {
                    throw new IOException("session " + name + "-" + i + " was forgotten");
                }
                drain(connection, receivers.get(i));
            }
        });
        return Ledger.check(receivers);
    }

    private void drain(Connection connection, Ledger.Receiver receiver) throws IOException {
        long expected = receiver.expected();
        int unflushed = 0;
        while (receiver.first() < expected) {
            Packet packet = connection.read();
            if (packet.type() != Connection.PUBLISH || packet.body().length - packet.payloadAt() < NUMBERS_BYTES) {
                throw new IOException("got something that was never published");
            }
            ByteBuffer payload = ByteBuffer.wrap(packet.body()).position(packet.payloadAt());
            boolean isOurs = payload.getInt() == run;
            receiver.received(isOurs ? payload.getInt() : -1, payload.getInt(), packet.isDup());
            connection.acknowledge(packet.packetId());
            if (++unflushed == ACKS_MAX || !connection.hasMore()) {
                connection.flush();
                unflushed = 0;
            }
        }
        connection.flush();
    }

    /** Ends the sessions, with what they still had to get. */
    void forget() throws Exception {
        Semaphore connecting = new Semaphore(CONNECTING_MAX);
        forEach(sessions, i -> {
            connecting.acquire();
            try {
                new Connection(broker, name + "-" + i, true).close();
            } finally {
                connecting.release();
            }
        });
    }

    private String topic(int number) {
        return name + "/" + number;
    }

    private interface Work {
        void of(int index) throws IOException, InterruptedException;
    }

    /** Does the work for each index on a thread of its own; the first failure in order is thrown. */
    private static void forEach(int count, Work work) throws InterruptedException, ExecutionException {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Void>> tasks = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int index = i;
                tasks.add(() -> {
                    work.of(index);
                    return null;
                });
            }
            for (Future<Void> done : threads.invokeAll(tasks)) {
                done.get();
            }
        }
    }
}
