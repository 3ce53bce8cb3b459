package io.tuskmq.node.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBufUtil;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ResourceLeakDetector;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Right and wrong packets, mutated, cut and glued at random: nothing but the connection itself suffers, and no buffer is lost. */
class FuzzTest extends ListenerTest {
    private static final int CASES = 3_000;
    /** {@code -Dfuzz.packets=1000000} sends a million; {@code -Dfuzz.seed} does a run again. */
    private static final int PACKETS_IN_MEMORY = Integer.getInteger("fuzz.packets", 20_000);

    private static final int PORTION = 100;
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
                forget();
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

    /** The same without sockets, which take most of the time: a million mutated packets are a matter of minutes. */
    @Test
    @DisplayName("mutated conversations over channels in memory leave nothing behind")
    void survivesMutatedPacketsInMemory() throws Exception {
        long seed = Long.getLong("fuzz.seed", System.nanoTime());
        Random random = new Random(seed);
        List<byte[]> packets = packets();
        ContextInternal context = ((VertxInternal) vertx()).createEventLoopContext();
        MqttCounters counters = new MqttCounters();
        ShardLoop loop = new ShardLoop(context, handler, MqttOptions.Limits.DEFAULT, counters, new BadInputLog());
        long conversations = 0;
        while (mutations < PACKETS_IN_MEMORY) {
            // In portions: what the connections put off is done between them, as on any event loop.
            CompletableFuture<Void> done = new CompletableFuture<>();
            context.runOnContext(nothing -> {
                try {
                    converse(loop, packets, random);
                    done.complete(null);
                } catch (RuntimeException | AssertionError e) {
                    done.completeExceptionally(e);
                }
            });
            done.get(60, TimeUnit.SECONDS);
            conversations += PORTION;
        }
        assertEquals(0, counters.ownFailures(), () -> "seed " + seed);
        assertTrue(counters.badPackets() > conversations / 4, "most of it was bad");
        RawClient canary = connected(tcp(), Packets.connect("canary"));
        assertNoLeaks(canary, seed);
        LOG.info(
                "fuzz in memory seed={} conversations={} mutated-packets={} refused={}",
                seed,
                conversations,
                mutations,
                counters.badPackets());
    }

    private void converse(ShardLoop loop, List<byte[]> packets, Random random) {
        for (int i = 0; i < PORTION; i++) {
            EmbeddedChannel channel = new EmbeddedChannel(new Tap(loop, "memory"));
            byte[] all = conversation(packets, random);
            int cut = random.nextInt(all.length + 1);
            arrive(channel, Arrays.copyOf(all, cut));
            arrive(channel, Arrays.copyOfRange(all, cut, all.length));
            channel.finishAndReleaseAll();
        }
        forget();
    }

    private static void arrive(EmbeddedChannel channel, byte[] bytes) {
        if (channel.isOpen()) {
            channel.writeInbound(channel.alloc().buffer(bytes.length + 1).writeBytes(bytes));
            channel.runPendingTasks();
        }
    }

    private void forget() {
        List.of(handler.events, handler.connects, handler.connections, handler.closed, handler.writables)
                .forEach(Queue::clear);
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
