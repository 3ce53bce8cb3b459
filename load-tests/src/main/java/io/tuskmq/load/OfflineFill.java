package io.tuskmq.load;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/**
 * How many QoS 1 messages a broker acknowledges each second while the sessions that subscribe are offline, and how fast it hands them
 * over when these come back; for several fan-outs, beside plain batched inserts into the same PostgreSQL in the same run.
 *
 * <p>Arguments: the broker's {@code host:port}, the database's URL, the file for the result, and optionally the messages per phase.
 */
public final class OfflineFill {
    private static final int PAYLOAD_BYTES = 200;
    private static final int PUBLISHERS = 4;
    /** PUBLISH packets without PUBACK per publisher. */
    private static final int WINDOW = 2_000;
    /** Of many sessions only so many are drained, at once. */
    private static final int DRAINED_MAX = 100;
    /** Messages that all drained sessions of one fan-out get together. */
    private static final int DELIVERIES_MAX = 2_000_000;

    private static final int[] FAN_OUTS = {1, 100, 10_000};
    private static final int ROUNDS = 2;

    private final InetSocketAddress broker;
    private final String databaseUrl;
    private final int messages;
    private final Cpu cpu = new Cpu();

    private OfflineFill(InetSocketAddress broker, String databaseUrl, int messages) {
        this.broker = broker;
        this.databaseUrl = databaseUrl;
        this.messages = messages;
    }

    /** Runs all phases and writes the result; ends with 1 when a message was lost. */
    public static void main(String[] args) throws Exception {
        String[] address = args[0].split(":", 2);
        int messages = args.length > 3 ? Integer.parseInt(args[3]) : 200_000;
        OfflineFill run =
                new OfflineFill(new InetSocketAddress(address[0], Integer.parseInt(address[1])), args[1], messages);
        JsonObject result = run.result();
        Path file = Path.of(args[2]);
        Files.writeString(file, result.encodePrettily() + "\n");
        System.out.println(result.encodePrettily());
        System.out.println("written to " + file);
        System.exit(result.getInteger("lost") == 0 ? 0 : 1);
    }

    private JsonObject result() throws Exception {
        JsonArray phases = new JsonArray();
        int lost = 0;
        fill("warm-up", messages / 4);
        for (int round = 1; round <= ROUNDS; round++) {
            for (int fanOut : FAN_OUTS) {
                double plain = plainRate();
                JsonObject phase = phase(fanOut, round, plain);
                lost += phase.getInteger("missing");
                phases.add(phase);
                System.err.println(phase.encode());
            }
        }
        return new JsonObject()
                .put("at", Instant.now().toString())
                .put("cores", Runtime.getRuntime().availableProcessors())
                .put("loadAverage", Files.readString(Path.of("/proc/loadavg")).strip())
                .put("payloadBytes", PAYLOAD_BYTES)
                .put("publishers", PUBLISHERS)
                .put("window", WINDOW)
                .put("lost", lost)
                .put("phases", phases);
    }

    private double plainRate() throws Exception {
        try (PlainInsert plain = new PlainInsert(databaseUrl)) {
            plain.run(messages / 4, PAYLOAD_BYTES); // its statements are prepared, its table has pages
            return messages / plain.run(messages, PAYLOAD_BYTES);
        }
    }

    private JsonObject phase(int fanOut, int round, double plainPerSecond) throws Exception {
        String topic = "load/" + fanOut + "/" + round;
        int drained = Math.min(fanOut, DRAINED_MAX);
        int perPublisher = Math.min(messages, DELIVERIES_MAX / drained) / PUBLISHERS;
        double subscribeSeconds = subscribe(topic, fanOut);
        Cpu.Used before = cpu.used();
        double fillSeconds = fill(topic, perPublisher * PUBLISHERS);
        Cpu.Used filled = cpu.used().minus(before);
        long start = System.nanoTime();
        Ledger[] ledgers = drain(topic, drained, perPublisher);
        double drainSeconds = (System.nanoTime() - start) / 1e9;
        int missing = 0;
        int repeated = 0;
        int outOfOrder = 0;
        for (Ledger ledger : ledgers) {
            missing += ledger.missing();
            repeated += ledger.repeated();
            outOfOrder += ledger.outOfOrder();
        }
        double total = (double) perPublisher * PUBLISHERS;
        double fillPerSecond = total / fillSeconds;
        return new JsonObject()
                .put("fanOut", fanOut)
                .put("round", round)
                .put("subscribesPerSecond", Math.round(fanOut / subscribeSeconds))
                .put("messages", (long) total)
                .put("plainInsertPerSecond", Math.round(plainPerSecond))
                .put("fillAckedPerSecond", Math.round(fillPerSecond))
                .put("fillToPlainInsert", Math.round(fillPerSecond / plainPerSecond * 1_000) / 1_000.0)
                .put("fillBrokerMicrosPerMessage", Math.round(filled.brokerMicros() / total * 10) / 10.0)
                .put("fillPostgresMicrosPerMessage", Math.round(filled.postgresMicros() / total * 10) / 10.0)
                .put("drainedSessions", drained)
                .put("drainPerSecond", Math.round(total * drained / drainSeconds))
                .put("missing", missing)
                .put("repeated", repeated)
                .put("outOfOrder", outOfOrder);
    }

    private static String clientId(String topic, int session) {
        return "session-" + session + "-" + topic.replace('/', '-');
    }

    /** Creates persistent sessions that subscribe to the topic, and leaves them offline; returns the seconds. */
    private double subscribe(String topic, int sessions) throws Exception {
        long start = System.nanoTime();
        all(PUBLISHERS * 2, worker -> {
            for (int i = worker; i < sessions; i += PUBLISHERS * 2) {
                MqttSocket client = MqttSocket.connect(broker, clientId(topic, i), false);
                client.subscribe(topic);
                client.disconnect();
            }
            return 0;
        });
        return (System.nanoTime() - start) / 1e9;
    }

    /** Publishes, and waits for all acknowledgements; returns the seconds. */
    private double fill(String topic, int count) throws Exception {
        long start = System.nanoTime();
        all(PUBLISHERS, publisher -> publish(topic, publisher, count / PUBLISHERS));
        return (System.nanoTime() - start) / 1e9;
    }

    private int publish(String topic, int publisher, int count) throws Exception {
        try (MqttSocket client = MqttSocket.connect(broker, "publisher-" + publisher + "-" + System.nanoTime(), true)) {
            Semaphore window = new Semaphore(WINDOW);
            Thread acks = Thread.ofPlatform().start(() -> {
                try {
                    for (int i = 0; i < count; i++) {
                        client.readPubAck();
                        window.release();
                    }
                } catch (IOException e) {
                    System.err.println("publisher " + publisher + ": " + e);
                    System.exit(1);
                }
            });
            byte[] payload = new byte[PAYLOAD_BYTES];
            new Random(publisher).nextBytes(payload);
            for (int i = 0; i < count; i++) {
                if (!window.tryAcquire()) {
                    client.flush();
                    window.acquire();
                }
                Ledger.stamp(payload, publisher, i);
                client.publish(1 + i % 65_535, topic, payload);
            }
            client.flush();
            acks.join();
            client.disconnect();
        }
        return count;
    }

    /** Reconnects so many sessions at once, each of which must get everything. */
    private Ledger[] drain(String topic, int sessions, int perPublisher) throws Exception {
        Ledger[] ledgers = new Ledger[sessions];
        all(sessions, session -> {
            Ledger ledger = new Ledger(PUBLISHERS, perPublisher);
            ledgers[session] = ledger;
            MqttSocket client = MqttSocket.connect(broker, clientId(topic, session), false);
            while (!ledger.isComplete()) {
                MqttSocket.Received message = client.readPublish();
                ledger.arrived(message.payload());
                client.pubAck(message.packetId());
                if (!client.hasInput()) {
                    client.flush();
                }
            }
            client.flush();
            client.disconnect();
            return 0;
        });
        return ledgers;
    }

    /** Work that may fail; the argument is the worker's number. */
    private interface Work {
        int run(int worker) throws Exception;
    }

    private static void all(int workers, Work work) throws InterruptedException, ExecutionException {
        try (ExecutorService threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            List<Callable<Integer>> tasks = new ArrayList<>();
            for (int worker = 0; worker < workers; worker++) {
                int number = worker;
                tasks.add(() -> work.run(number));
            }
            for (Future<Integer> done : threads.invokeAll(tasks)) {
                done.get();
            }
        }
    }
}
