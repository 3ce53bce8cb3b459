package io.tuskmq.node.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBufUtil;
import io.netty.util.ResourceLeakDetector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Right and wrong packets, mutated, cut and glued at random: nothing but the connection itself suffers, and no buffer is lost. */
class FuzzTest extends ListenerTest {
    /** {@code -Dfuzz.conversations=750000} sends a million mutated packets; {@code -Dfuzz.seed} does a run again. */
    private static final int CASES = Integer.getInteger("fuzz.conversations", 3_000);

    private static final Logger LOG = LoggerFactory.getLogger(FuzzTest.class);
    private static final int COLLECTIONS = 20;

    private int mutations;
    private final Queue<String> leaks = new ConcurrentLinkedQueue<>();

    @BeforeEach
    void watchLeaks() {
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        ByteBufUtil.setLeakListener((type, records) -> leaks.add(type + " " + records));
    }

    @AfterEach
    void watchNoLonger() {
        ByteBufUtil.setLeakListener(null);
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.SIMPLE);
    }

    @Test
    @DisplayName("mutated conversations leave the broker, its other clients and its memory alone")
    void survivesMutatedPackets() throws IOException {
        long seed = Long.getLong("fuzz.seed", System.nanoTime());
        Random random = new Random(seed);
        MqttListener listener = listen(MqttOptions.tcp("127.0.0.1", 0, 1));
        RawClient canary = connected(listener.port(), Packets.connect("canary"));
        List<byte[]> packets = packets();
        for (int i = 0; i < CASES; i++) {
            try (RawClient client = RawClient.connect(listener.port())) {
                byte[] all = conversation(packets, random);
                int cut = random.nextInt(all.length + 1);
                client.sendToTheEnd(Arrays.copyOf(all, cut));
                client.sendToTheEnd(Arrays.copyOfRange(all, cut, all.length));
                if (random.nextBoolean()) {
                    client.abort();
                }
            }
            if (i % 100 == 0) {
                canary.ping();
                List.of(handler.events, handler.connects, handler.connections, handler.closed, handler.writables)
                        .forEach(Queue::clear);
            }
        }
        canary.ping();
        assertEquals(0, listener.counters().ownFailures(), () -> "seed " + seed);
        assertTrue(listener.counters().badPackets() > CASES / 4, "most of it was bad");
        assertNoLeaks(canary, seed);
        LOG.info(
                "fuzz seed={} conversations={} mutated-packets={} refused={}",
                seed,
                CASES,
                mutations,
                listener.counters().badPackets());
    }

    /** A lost buffer is told of when it was collected as garbage and another one is taken. */
    private void assertNoLeaks(RawClient canary, long seed) throws IOException {
        for (int i = 0; i < COLLECTIONS; i++) {
            System.gc();
            canary.ping();
        }
        assertTrue(leaks.isEmpty(), () -> leaks.size() + " lost buffers, seed " + seed + ": " + leaks.peek());
    }

    private static List<byte[]> packets() {
        List<byte[]> all = new ArrayList<>();
        BadPackets.laterV4().forEach(bad -> all.add(bad.bytes()));
        BadPackets.laterV5().forEach(bad -> all.add(bad.bytes()));
        for (int qos = 0; qos < 3; qos++) {
            all.add(Packets.publish(qos, 7, "some/topic", "x".repeat(100)));
            all.add(Packets.publish(qos, 8, "some/topic", "y".repeat(20_000)));
            all.add(Packets.publishV5(qos, 7, "t", Packets.properties(Packets.userProperty("a", "b")), "z"));
        }
        all.add(Packets.pubAck(1));
        all.add(Packets.pubRec(1));
        all.add(Packets.pubRel(7));
        all.add(Packets.pubComp(1));
        all.add(Packets.subscribe(1, "a/#", 1));
        all.add(Packets.unsubscribe(1, "a/#"));
        all.add(Packets.PINGREQ);
        all.add(Packets.DISCONNECT);
        return all;
    }

    private byte[] conversation(List<byte[]> packets, Random random) {
        byte[] connect = random.nextBoolean() ? Packets.connect("c") : Packets.connectV5("c");
        byte[] all = random.nextInt(10) == 0 ? mutated(connect, random) : connect;
        for (int i = random.nextInt(6); i > 0; i--) {
            byte[] packet = packets.get(random.nextInt(packets.size()));
            all = RawClient.concat(all, random.nextBoolean() ? packet : mutated(packet, random));
        }
        return all;
    }

    private byte[] mutated(byte[] packet, Random random) {
        mutations++;
        byte[] bytes = packet.clone();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            bytes[random.nextInt(Math.min(bytes.length, 40))] = (byte) random.nextInt(256);
        }
        return random.nextInt(4) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length + 1)) : bytes;
    }
}
