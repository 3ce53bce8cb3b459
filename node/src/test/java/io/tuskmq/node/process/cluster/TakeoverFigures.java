package io.tuskmq.node.process.cluster;

import static io.tuskmq.node.mqtt.Packets.connect4;
import static io.tuskmq.node.mqtt.Packets.string;
import static io.tuskmq.node.process.RawMqtt.persistent;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** How long a client waits from its CONNECT to the CONNACK while another node has its session. */
final class TakeoverFigures {
    static final int SUBSCRIPTIONS = 3;
    private static final int ALIVE_CLIENTS = 10;
    private static final int ALIVE_MOVES_EACH = 30;
    private static final int WARM_UP_MOVES_EACH = 10;
    private static final int DEAD_SESSIONS = 20;
    private static final int PAUSED_SESSIONS = 10;
    private static final Duration AWAKE = Duration.ofSeconds(60);

    private final ClusterProcesses cluster;

    TakeoverFigures(ClusterProcesses cluster) {
        this.cluster = cluster;
    }

    private static RawClient newSession(ClusterNode node, String clientId) throws IOException {
        RawClient client = persistent(node.port(), clientId, false);
        for (int i = 1; i <= SUBSCRIPTIONS; i++) {
            client.send(Packets.subscribe(i, clientId + "/" + i + "/+", 1));
            RawClient.Packet subAck = client.read();
            if (subAck.type() != 9 || subAck.u8(2) != 1) {
                throw new AssertionError("not subscribed: " + subAck);
            }
        }
        return client;
    }

    /** Back and forth between two nodes, one client after the other; the older connection is open. */
    Map<String, Object> ownerAlive() throws IOException {
        Timings timings = new Timings();
        List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < ALIVE_CLIENTS; i++) {
            clients.add(newSession(cluster.node(1), "moves-" + i));
        }
        for (int move = 1; move <= WARM_UP_MOVES_EACH + ALIVE_MOVES_EACH; move++) {
            for (int i = 0; i < ALIVE_CLIENTS; i++) {
                RawClient newer = cluster.node(1 + move % 2).open();
                long start = System.nanoTime();
                newer.send(connect4(0, 0, string("moves-" + i)));
                RawClient.Packet connAck = newer.read();
                long took = System.nanoTime() - start;
                if (!connAck.hex().equals("20 01 00")) {
                    throw new AssertionError("not taken over: " + connAck);
                }
                try (RawClient older = clients.set(i, newer)) {
                    older.readToTheEnd();
                }
                if (move > WARM_UP_MOVES_EACH) {
                    timings.add(took);
                }
            }
        }
        for (RawClient client : clients) {
            client.close();
        }
        return timings.figures();
    }

    /** {@code kill -9}, and all clients connect to the other nodes at once. */
    Map<String, Object> ownerDead() throws IOException {
        List<RawClient> lost = sessionsOfTheThird("dead-", DEAD_SESSIONS);
        cluster.node(3).killNine();
        Map<String, Object> figures = comeBack("dead-", DEAD_SESSIONS);
        for (RawClient client : lost) {
            client.close();
        }
        cluster.node(3).restart();
        return figures;
    }

    /** SIGSTOP: its connections stay, and it answers nothing. */
    Map<String, Object> ownerPaused() throws IOException {
        List<RawClient> lost = sessionsOfTheThird("paused-", PAUSED_SESSIONS);
        ClusterNode sleeper = cluster.node(3);
        sleeper.pause();
        Map<String, Object> figures = comeBack("paused-", PAUSED_SESSIONS);
        sleeper.resume();
        for (RawClient client : lost) {
            client.close();
        }
        // Its sessions are claimed one by one, perhaps before its lease ends: then it goes on as it was.
        Await.until(
                "the paused node serves again",
                AWAKE,
                () -> cluster.incarnation(sleeper) > 0 && sleeper.isReady(),
                sleeper::tail);
        return figures;
    }

    private List<RawClient> sessionsOfTheThird(String prefix, int count) throws IOException {
        List<RawClient> clients = new ArrayList<>();
        for (String id : ids(prefix, count)) {
            clients.add(newSession(cluster.node(3), id));
        }
        return clients;
    }

    private Map<String, Object> comeBack(String prefix, int count) throws IOException {
        Timings timings = new Timings();
        int attemptsMax = 0;
        List<ClusterNode> others = List.of(cluster.node(1), cluster.node(2));
        for (Comeback comeback : Comeback.of(ids(prefix, count), others, comeback -> comeback)) {
            timings.add(comeback.servedNanos() - comeback.sentNanos());
            attemptsMax = Math.max(attemptsMax, comeback.attempts());
            comeback.client().close();
        }
        Map<String, Object> figures = timings.figures();
        figures.put("connects_max", attemptsMax);
        return figures;
    }

    static List<String> ids(String prefix, int count) {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ids.add(prefix + i);
        }
        return ids;
    }
}
