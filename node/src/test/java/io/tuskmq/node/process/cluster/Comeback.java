package io.tuskmq.node.process.cluster;

import static io.tuskmq.node.mqtt.Packets.connect4;
import static io.tuskmq.node.mqtt.Packets.string;

import io.tuskmq.node.mqtt.RawClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A client whose node is gone comes back by the other nodes: it tries one after the other until one serves its session.
 *
 * @param sentNanos when its first CONNECT was sent, by {@link System#nanoTime}
 * @param servedNanos when the CONNACK came that accepted it
 * @param attempts how many CONNECTs it took
 */
record Comeback(String clientId, RawClient client, long sentNanos, long servedNanos, int attempts) {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    /** What a client does on its thread as soon as it is served. */
    @FunctionalInterface
    interface Then<T> {
        T apply(Comeback comeback) throws IOException;
    }

    /** All of them at once, each first by another node than the one before it. */
    static <T> List<T> of(List<String> clientIds, List<ClusterNode> nodes, Then<T> then) {
        List<Callable<T>> tasks = new ArrayList<>();
        for (int i = 0; i < clientIds.size(); i++) {
            int first = i;
            tasks.add(() -> then.apply(comeBack(clientIds.get(first), nodes, first)));
        }
        return Together.run(tasks);
    }

    private static Comeback comeBack(String clientId, List<ClusterNode> nodes, int first) throws IOException {
        long start = System.nanoTime();
        long sent = 0;
        for (int attempt = 1; System.nanoTime() - start < PATIENCE.toNanos(); attempt++) {
            RawClient client = nodes.get((first + attempt) % nodes.size()).open();
            if (attempt == 1) {
                sent = System.nanoTime();
            }
            client.send(connect4(0, 0, string(clientId)));
            Optional<RawClient.Packet> answer = client.readOrEnd();
            if (answer.isPresent() && answer.get().u8(1) == 0) {
                long served = System.nanoTime();
                if (answer.get().u8(0) != 1) {
                    throw new AssertionError(clientId + ": its session is not there");
                }
                return new Comeback(clientId, client, sent, served, attempt);
            }
            client.close();
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        throw new AssertionError(clientId + " is not served after " + PATIENCE);
    }
}
