package io.tuskmq.node.process;

import static io.tuskmq.node.mqtt.Packets.connect4;
import static io.tuskmq.node.mqtt.Packets.connect5;
import static io.tuskmq.node.mqtt.Packets.hex;
import static io.tuskmq.node.mqtt.Packets.packet;
import static io.tuskmq.node.mqtt.Packets.properties;
import static io.tuskmq.node.mqtt.Packets.property;
import static io.tuskmq.node.mqtt.Packets.string;
import static io.tuskmq.node.mqtt.Packets.u32;
import static io.tuskmq.node.process.RawMqtt.clean;
import static io.tuskmq.node.process.RawMqtt.persistent;
import static io.tuskmq.node.process.RawMqtt.subscribe;
import static io.tuskmq.node.process.RawMqtt.take;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.RawMqtt.Received;
import java.io.IOException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Every abnormal end publishes the will, exactly once (I8: wills and subscriptions are of QoS 2, so that each one counts); a normal one
 * drops it. That a will was not published is shown by the next
 * message of the same subscriber, never by waiting.
 */
class WillProcessTest {
    private static final int WILL_QOS_1 = 0x04 | 0x08;
    private static final int WILL_QOS_2 = 0x04 | 0x10;
    private static final int WILL_RETAIN = 0x20;
    private static final int SESSION_EXPIRY = 0x11;
    private static final int WILL_DELAY = 0x18;

    @RegisterExtension
    static final Brokers BROKERS = Brokers.perClass();

    @BeforeAll
    static void startBroker() {
        BROKERS.start();
    }

    private static int port() {
        return BROKERS.port();
    }

    /** A clean session of MQTT 3.1.1 with a QoS 2 will on the topic {@code will/<client id>}. */
    private static byte[] connectWithWill(String clientId, int flags, int keepAliveSeconds) {
        return connect4(
                WILL_QOS_2 | flags,
                keepAliveSeconds,
                string(clientId),
                string("will/" + clientId),
                string("will of " + clientId));
    }

    private static RawClient withWill(String clientId) throws IOException {
        return RawMqtt.connect(port(), connectWithWill(clientId, RawMqtt.CLEAN, 0), false);
    }

    /** MQTT 5; cleanStart=false. */
    private static byte[] connectWithWill5(String clientId, long expirySeconds, long delaySeconds) {
        return connect5(
                WILL_QOS_2,
                0,
                properties(property(SESSION_EXPIRY, u32(expirySeconds))),
                string(clientId),
                properties(property(WILL_DELAY, u32(delaySeconds))),
                string("will/" + clientId),
                string("will of " + clientId));
    }

    /** A persistent subscriber, so that a killed broker can't hide a will. */
    private static RawClient watch(String clientId) throws IOException {
        RawClient watcher = persistent(port(), "watcher of " + clientId, false);
        subscribe(watcher, "will/" + clientId, 2);
        return watcher;
    }

    private static RawClient watchAgain(String clientId) throws IOException {
        return persistent(port(), "watcher of " + clientId, true);
    }

    private static void assertWill(RawClient watcher, String clientId) throws IOException {
        assertEquals("will of " + clientId, take(watcher).payload());
    }

    /** What comes next is this mark, and no will before it. */
    private static void assertNoWill(RawClient watcher, String clientId) throws IOException {
        try (RawClient marker = clean(port(), "marker of " + clientId)) {
            RawMqtt.publish(marker, 2, 1, "will/" + clientId, "mark");
        }
        assertEquals("mark", take(watcher).payload());
    }

    /** [MQTT-3.1.2-8] */
    @Test
    void aClosedSocketWithoutDisconnectPublishesTheWill() throws IOException {
        try (RawClient watcher = watch("closed")) {
            withWill("closed").close();
            assertWill(watcher, "closed");
            withWill("closed").abort();
            assertWill(watcher, "closed");
            assertNoWill(watcher, "closed");
        }
    }

    /** The system closes the socket of a process that was killed. */
    @Test
    void aKilledClientProcessPublishesTheWill() throws IOException {
        try (RawClient watcher = watch("killed")) {
            String connect =
                    Packets.hexOf(connectWithWill("killed", RawMqtt.CLEAN, 0)).replace(" ", "\\x");
            Process client = new ProcessBuilder(
                            "bash",
                            "-c",
                            "exec 3<>/dev/tcp/127.0.0.1/" + port() + "; printf '\\x" + connect
                                    + "' >&3; head -c 4 <&3; exec cat <&3")
                    .start();
            try {
                assertEquals(
                        "20 02 00 00", Packets.hexOf(client.getInputStream().readNBytes(4)));
            } finally {
                client.destroyForcibly();
            }
            assertWill(watcher, "killed");
            assertNoWill(watcher, "killed");
        }
    }

    /** [MQTT-3.1.2-24] */
    @Test
    void silenceBeyondTheKeepAlivePublishesTheWill() throws IOException {
        try (RawClient watcher = watch("silent");
                RawClient client = RawMqtt.connect(port(), connectWithWill("silent", RawMqtt.CLEAN, 1), false)) {
            assertWill(watcher, "silent");
            assertTrue(client.readOrEnd().isEmpty());
            assertNoWill(watcher, "silent");
        }
    }

    /** [MQTT-4.8.0-1] */
    @Test
    void aProtocolErrorPublishesTheWill() throws IOException {
        try (RawClient watcher = watch("wrong");
                RawClient client = withWill("wrong")) {
            client.send(packet(0x36, string("a"), hex("0001"))); // QoS 3
            assertTrue(client.readOrEnd().isEmpty());
            assertWill(watcher, "wrong");
            assertNoWill(watcher, "wrong");
        }
    }

    /** [MQTT-3.1.4-2] */
    @Test
    void aTakeoverPublishesTheWillOfTheOldConnection() throws IOException {
        try (RawClient watcher = watch("taken");
                RawClient old = withWill("taken");
                RawClient young = withWill("taken")) {
            assertTrue(old.readOrEnd().isEmpty());
            assertWill(watcher, "taken");
            young.send(Packets.DISCONNECT);
            assertTrue(young.readOrEnd().isEmpty());
            assertNoWill(watcher, "taken");
        }
    }

    /** [MQTT-3.1.2-10], [MQTT-3.14.4-3] */
    @Test
    void aNormalDisconnectDropsTheWill() throws IOException {
        try (RawClient watcher = watch("normal")) {
            RawClient client = withWill("normal");
            client.send(Packets.DISCONNECT);
            assertTrue(client.readOrEnd().isEmpty());
            assertNoWill(watcher, "normal");
            BROKERS.current().killNineAll();
            BROKERS.start();
            try (RawClient again = watchAgain("normal")) {
                assertNoWill(again, "normal");
            }
        }
    }

    /** The stop publishes it before the process ends; the next start doesn't do so again. */
    @Test
    void aStopOfTheServerPublishesTheWill() throws IOException {
        watch("stopped").abort();
        try (RawClient client = withWill("stopped")) {
            assertEquals(0, BROKERS.current().terminate(), BROKERS.current().log());
            assertTrue(client.readOrEnd().isEmpty());
        }
        BROKERS.start();
        try (RawClient watcher = watchAgain("stopped")) {
            assertWill(watcher, "stopped");
            assertNoWill(watcher, "stopped");
        }
    }

    @Test
    void aKilledNodePublishesTheWillsOfItsClientsWhenItIsBack() throws IOException {
        for (String how : new String[] {"node-killed", "all-killed"}) {
            watch(how).abort();
            RawClient dropped = withWill(how + "-dropped");
            dropped.send(Packets.DISCONNECT);
            assertTrue(dropped.readOrEnd().isEmpty());
            RawClient cleanSession = withWill(how);
            RawClient stored = RawMqtt.connect(port(), connectWithWill(how + "-stored", 0, 0), false);
            watch(how + "-stored").abort();
            watch(how + "-dropped").abort();
            if (how.startsWith("node")) {
                BROKERS.current().killNine();
            } else {
                BROKERS.current().killNineAll();
            }
            cleanSession.close();
            stored.close();
            BROKERS.start();
            for (String client : new String[] {how, how + "-stored"}) {
                try (RawClient watcher = watchAgain(client)) {
                    assertWill(watcher, client);
                }
            }
            BROKERS.current().killNineAll();
            BROKERS.start();
            for (String client : new String[] {how, how + "-stored", how + "-dropped"}) {
                try (RawClient watcher = watchAgain(client)) {
                    assertNoWill(watcher, client);
                }
            }
        }
    }

    /** online, retained, on connect; offline, retained, by the will. */
    @Test
    void presenceIsRightAfterACrashOfTheNode() throws IOException {
        String id = "present";
        byte[] connect = connect4(
                WILL_QOS_1 | WILL_RETAIN | RawMqtt.CLEAN, 0, string(id), string("will/present"), string("offline"));
        RawClient client = RawMqtt.connect(port(), connect, false);
        byte[] online = packet(0x33, string("will/present"), hex("0001"), hex("'online'"));
        client.send(online);
        assertEquals(4, client.read().type());
        try (RawClient watcher = clean(port(), "before")) {
            subscribe(watcher, "will/present", 1);
            assertEquals(new Received(false, 1, true, 1, "will/present", "online"), take(watcher));
        }
        BROKERS.current().killNineAll();
        client.close();
        BROKERS.start();
        try (RawClient watcher = clean(port(), "after")) {
            subscribe(watcher, "will/present", 1);
            Received first = take(watcher);
            // The first subscriber may come before the will; then it sees both, in this order.
            assertEquals("offline", (first.payload().equals("online") ? take(watcher) : first).payload());
            RawClient back = RawMqtt.connect(port(), connect, false);
            back.send(online);
            assertEquals(4, back.read().type());
            assertEquals(new Received(false, 1, false, 2, "will/present", "online"), lastOf(watcher));
            back.abort();
            assertEquals("offline", take(watcher).payload());
        }
    }

    private static Received lastOf(RawClient watcher) throws IOException {
        Received message = take(watcher);
        return new Received(message.dup(), message.qos(), message.retain(), 2, message.topic(), message.payload());
    }

    /** [MQTT5-3.1.3-9], first half: it isn't sent before the delay is over. */
    @Test
    void aDelayedWillComesAfterItsDelay() throws IOException {
        try (RawClient watcher = watch("delayed")) {
            RawClient.connected(port(), connectWithWill5("delayed", 60, 3)).abort();
            assertNoWill(watcher, "delayed");
            assertWill(watcher, "delayed");
        }
    }

    /** The end of the session comes first. */
    @Test
    void theEndOfTheSessionCutsTheDelay() throws IOException {
        try (RawClient watcher = watch("cut")) {
            RawClient.connected(port(), connectWithWill5("cut", 1, 3_600)).abort();
            assertWill(watcher, "cut");
            RawClient.connected(port(), connectWithWill5("cut", 0, 3_600)).abort();
            assertWill(watcher, "cut");
            RawClient.connected(port(), connectWithWill5("cut", 3_600, 3_600)).abort();
            clean(port(), "cut").close(); // ends the session of that client id
            assertWill(watcher, "cut");
            assertNoWill(watcher, "cut");
        }
    }

    /** [MQTT5-3.1.3-9] */
    @Test
    void aReconnectWithinTheDelayCancelsTheWill() throws IOException {
        try (RawClient watcher = watch("cancelled")) {
            RawClient.connected(port(), connectWithWill5("cancelled", 60, 3)).abort();
            try (RawClient back = RawClient.connected(port(), connectWithWill5("cancelled", 60, 3))) {
                back.ping();
                // Due after the cancelled one would have been.
                try (RawClient later = watch("later")) {
                    RawClient.connected(port(), connectWithWill5("later", 60, 4))
                            .abort();
                    assertWill(later, "later");
                }
                assertNoWill(watcher, "cancelled");
            }
        }
    }

    /** A delayed will of a session that goes on survives the crash, and its delay does too. */
    @Test
    void aDelayedWillSurvivesTheKill() throws IOException {
        watch("late").abort();
        RawClient.connected(port(), connectWithWill5("late", 600, 3)).abort();
        BROKERS.current().killNineAll();
        BROKERS.start();
        try (RawClient watcher = watchAgain("late")) {
            assertWill(watcher, "late");
            assertNoWill(watcher, "late");
        }
    }

    /** [MQTT5-3.14.4-3] drops it for 0x00 only. */
    @Test
    void disconnectWithWillPublishesIt() throws IOException {
        try (RawClient watcher = watch("asked")) {
            RawClient client = RawClient.connected(port(), connectWithWill5("asked", 60, 0));
            client.send(hex("e0 01 04"));
            assertTrue(client.readOrEnd().isEmpty());
            assertWill(watcher, "asked");
            RawClient normal = RawClient.connected(port(), connectWithWill5("asked", 60, 0));
            normal.send(hex("e0 01 00"));
            assertTrue(normal.readOrEnd().isEmpty());
            assertNoWill(watcher, "asked");
        }
    }
}
