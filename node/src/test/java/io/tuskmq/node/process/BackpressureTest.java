package io.tuskmq.node.process;

import static io.tuskmq.node.mqtt.Packets.connect4;
import static io.tuskmq.node.mqtt.Packets.connect5;
import static io.tuskmq.node.mqtt.Packets.properties;
import static io.tuskmq.node.mqtt.Packets.string;
import static io.tuskmq.node.process.RawMqtt.clean;
import static io.tuskmq.node.process.RawMqtt.persistent;
import static io.tuskmq.node.process.RawMqtt.subscribe;
import static io.tuskmq.node.process.RawMqtt.take;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The database away (I11), and memory that stays bounded (I9). */
class BackpressureTest {
    @RegisterExtension
    final Brokers brokers = Brokers.perTest();

    private int port() {
        return brokers.port();
    }

    @Test
    void withoutItsDatabaseTheBrokerHoldsWhatItCantKeepAndGoesOnWithTheRest() throws IOException {
        brokers.start();
        RawClient absent = persistent(port(), "absent", false);
        subscribe(absent, "held/#", 2);
        absent.abort();
        try (RawClient publisher = clean(port(), "publisher");
                RawClient live = clean(port(), "live")) {
            subscribe(live, "now", 0);
            brokers.current().pausePostgres();
            publisher.send(Packets.publish(1, 1, "held/one", "one"));
            publisher.send(Packets.publish(2, 2, "held/two", "two"));
            RawMqtt.publish(publisher, 0, 0, "now", "QoS 0 goes on");
            assertEquals("QoS 0 goes on", take(live).payload());
            publisher.ping(); // no acknowledgement came before its answer (I1)
            assertServerUnavailable("20 00 03", connect4(0, 0, string("absent")));
            assertServerUnavailable("20 00 88", connect5(0, 0, properties(), string("other")));
            publisher.ping();
            brokers.current().resumePostgres();
            assertEquals(Packets.hexOf(Packets.pubAck(1)), publisher.read().wire());
            assertEquals(Packets.hexOf(Packets.pubRec(2)), publisher.read().wire());
            publisher.send(Packets.pubRel(2));
            assertEquals(Packets.hexOf(Packets.pubComp(2)), publisher.read().wire());
        }
        try (RawClient back = persistent(port(), "absent", true)) {
            assertEquals("one", take(back).payload());
            assertEquals("two", take(back).payload());
            back.ping();
        }
    }

    /** 5 s are promised; a client gives up later. */
    private void assertServerUnavailable(String connAck, byte[] connect) throws IOException {
        try (RawClient refused = RawClient.connect(port())) {
            refused.send(connect);
            String answer = refused.read().hex();
            assertTrue(answer.startsWith(connAck), answer);
            assertTrue(refused.readOrEnd().isEmpty());
        }
    }

    @Test
    void aDatabaseThatDiesAndComesBackLosesNothing() throws IOException {
        brokers.start();
        RawClient absent = persistent(port(), "absent", false);
        subscribe(absent, "held/#", 2);
        absent.abort();
        int count = 300;
        try (RawClient publisher = persistent(port(), "publisher", false)) {
            for (int i = 0; i < count; i++) {
                if (i % 100 == 50) {
                    brokers.current().postgres().forEach(ProcessHandle::destroyForcibly);
                }
                RawMqtt.publish(publisher, 2, 1 + i, "held/" + i % 3, Integer.toString(i));
            }
        }
        try (RawClient back = persistent(port(), "absent", true)) {
            for (int i = 0; i < count; i++) {
                assertEquals(Integer.toString(i), RawMqtt.takeNext(back).payload());
            }
        }
    }

    /** It isn't read from, so its keep-alive can't be judged. Time passes as another client's keep-alive does. */
    @Test
    void aFloodWithoutDatabaseIsPausedAndNotEndedByKeepAlive()
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        brokers.start();
        int count = 8_000;
        String payload = "x".repeat(4_096);
        RawClient absent = persistent(port(), "absent", false);
        subscribe(absent, "flood", 1);
        absent.abort();
        try (RawClient flood = RawMqtt.connect(port(), connect4(RawMqtt.CLEAN, 1, string("flood")), false);
                RawClient clock = RawMqtt.connect(port(), connect4(RawMqtt.CLEAN, 6, string("clock")), false)) {
            brokers.current().pausePostgres();
            CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> {
                try {
                    for (int i = 0; i < count; i++) {
                        flood.send(Packets.publish(1, 1 + i, "flood", payload));
                    }
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            assertTrue(
                    clock.readOrEnd().isEmpty(),
                    "9 s are over: more than the flood's keep-alive, or the store's timeout");
            assertFalse(sent.isDone(), "not all is taken");
            brokers.current().resumePostgres();
            for (int i = 0; i < count; i++) {
                assertEquals(Packets.hexOf(Packets.pubAck(1 + i)), flood.read().wire());
            }
            sent.get(RawMqtt.PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
        }
        try (RawClient back = persistent(port(), "absent", true)) {
            for (int i = 0; i < count; i++) {
                assertEquals(payload, take(back).payload());
            }
        }
    }

    @Test
    void subscribersThatNeverReadCostABoundedAmountOfMemory() throws IOException {
        brokers.javaOptions("-Xmx512m").start();
        int messages = 8_000;
        String payload = "x".repeat(4_096);
        List<RawClient> deaf = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            RawClient client = i % 2 == 0 ? persistent(port(), "deaf-" + i, false) : clean(port(), "deaf-" + i);
            subscribe(client, "flood", i % 3);
            deaf.add(client);
        }
        try (RawClient flood = clean(port(), "flood")) {
            int acknowledged = 0;
            for (int i = 0; i < messages; i++) {
                flood.send(Packets.publish(1, 1 + i, "flood", payload));
                if (i >= 100) {
                    assertEquals(
                            Packets.hexOf(Packets.pubAck(++acknowledged)),
                            flood.read().wire());
                }
            }
        }
        try (RawClient publisher = clean(port(), "publisher");
                RawClient subscriber = clean(port(), "subscriber")) {
            subscribe(subscriber, "served", 2);
            RawMqtt.publish(publisher, 2, 1, "served", "yes");
            assertEquals("yes", take(subscriber).payload());
        }
        assertTrue(brokers.current().isAlive());
        deaf.getFirst().abort();
        try (RawClient reader = persistent(port(), "deaf-0", true)) {
            reader.ping(); // QoS 0 was not kept
        }
        deaf.get(4).abort();
        try (RawClient reader = persistent(port(), "deaf-4", true)) {
            for (int i = 0; i < messages; i++) {
                assertEquals(payload, RawMqtt.takeNext(reader).payload());
            }
        }
        for (RawClient client : deaf) {
            client.close();
        }
    }
}
