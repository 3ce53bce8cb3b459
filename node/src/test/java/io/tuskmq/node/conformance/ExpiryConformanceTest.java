package io.tuskmq.node.conformance;

import static io.tuskmq.node.mqtt.Packets.connect5;
import static io.tuskmq.node.mqtt.Packets.properties;
import static io.tuskmq.node.mqtt.Packets.property;
import static io.tuskmq.node.mqtt.Packets.string;
import static io.tuskmq.node.mqtt.Packets.u32;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What ends when its time has passed, and what does not. */
class ExpiryConformanceTest extends BrokerTest {
    private static final int SESSION_EXPIRY = 0x11;
    private static final int MESSAGE_EXPIRY = 0x02;
    private static final byte[] ONE_SECOND = properties(property(MESSAGE_EXPIRY, u32(1)));
    private static final Duration EXPIRED = Duration.ofMillis(1_300);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** [MQTT5-4.1.0-2] [MQTT5-3.1.2-23] */
    @OnOneAndTwoNodes("AABB")
    void aSessionEndsWhenItsExpiryHasPassed() throws IOException {
        byte[] connect = connect5(0, 0, properties(property(SESSION_EXPIRY, u32(1))), string("short"));
        RawClient first = connected(connect);
        first.send(Packets.subscribeV5(1, properties(), "short", 1));
        assertEquals("90 00 01 00 01", first.read().hex());
        disconnect(first);
        idle(EXPIRED);
        publishAcked(connected(Packets.connect("short-p")), 1, "short", "for nobody");
        RawClient back = open();
        back.send(connect);
        assertEquals("20 00 00", back.read().hex().substring(0, 8), "no session is present");
        back.ping();
    }

    /** [MQTT5-4.3.3-7] */
    @OnOneAndTwoNodes("ABAB")
    void aMessageThatWasSentDoesNotExpire() throws IOException {
        byte[] connect = connect5(0, 0, properties(property(SESSION_EXPIRY, u32(600))), string("sent"));
        RawClient client = connected(connect);
        client.send(Packets.subscribeV5(1, properties(), "sent", 2));
        assertEquals("90 00 01 00 02", client.read().hex());
        RawClient publisher = connected(Packets.connectV5("sent-p"));
        publisher.send(Packets.publishV5(2, 1, "sent", ONE_SECOND, "kept"));
        assertEquals("50 00 01", publisher.read().hex());
        RawClient.Packet sent = client.read();
        assertEquals(0x34, sent.first(), sent::toString);
        client.abort();
        idle(EXPIRED);
        RawClient back = connected(connect);
        RawClient.Packet again = back.read();
        assertEquals(0x3C, again.first(), again::toString); // DUP, QoS 2
        assertEquals(sent.u16(2 + sent.u16(0)), again.u16(2 + again.u16(0)), "its packet id");
    }

    /** [MQTT5-4.3.3-13] */
    @Test
    void aHandshakeGoesOnWhenTheMessageHasExpired() throws IOException {
        RawClient publisher = connected(Packets.connectV5("late-p"));
        publisher.send(Packets.publishV5(2, 7, "late", ONE_SECOND, "gone"));
        assertEquals("50 00 07", publisher.read().hex().substring(0, 8));
        idle(EXPIRED);
        publisher.send(Packets.pubRel(7));
        assertEquals("70 00 07", publisher.read().hex());
    }

    /** Time passes at the broker, whose clock is the database's. */
    private void idle(Duration time) throws IOException {
        RawClient client = connected(Packets.connectV5("idle"));
        long start = System.nanoTime();
        do {
            client.ping();
            java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
        } while (System.nanoTime() - start < time.toNanos());
        assertTrue(System.nanoTime() - start < PATIENCE.toNanos());
    }
}
