package io.tuskmq.node.process.cluster;

import static io.tuskmq.node.mqtt.Packets.connect4;
import static io.tuskmq.node.mqtt.Packets.string;
import static io.tuskmq.node.process.RawMqtt.clean;
import static io.tuskmq.node.process.RawMqtt.persistent;
import static io.tuskmq.node.process.RawMqtt.publish;
import static io.tuskmq.node.process.RawMqtt.subscribe;
import static io.tuskmq.node.process.RawMqtt.take;

import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.RawMqtt;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How long after {@code kill -9} of a node what it had is in service elsewhere: its sessions with their messages, and its wills. */
final class DeathFigures {
    static final int SESSIONS = 50;
    static final int WILLS = 50;
    private static final int WILL_QOS_1 = 0x04 | 0x08;
    private static final Duration WILLS_PATIENCE = Duration.ofSeconds(30);

    private final ClusterProcesses cluster;
    private final String root;

    DeathFigures(ClusterProcesses cluster) {
        this.cluster = cluster;
        this.root = cluster.newRoot();
    }

    /** The third node dies, and is started again afterwards. */
    Map<String, Object> kill() throws IOException, InterruptedException {
        List<String> ids = TakeoverFigures.ids(root + "-session-", SESSIONS);
        Watcher watcher = Watcher.start(root + "-watcher", cluster.node(1)::open, root + "/will/#", 1);
        List<RawClient> lost = new ArrayList<>();
        try {
            connect(ids, lost);
            long killed = System.nanoTime();
            cluster.node(3).killNine();
            Map<String, Object> figures = afterwards(ids, watcher, killed);
            cluster.node(3).restart();
            return figures;
        } finally {
            for (RawClient client : lost) {
                client.close();
            }
            watcher.stop();
        }
    }

    /** A message for each session is committed and not acknowledged by its client, so that it must come again. */
    private void connect(List<String> ids, List<RawClient> lost) throws IOException {
        for (String id : ids) {
            RawClient client = persistent(cluster.node(3).port(), id, false);
            lost.add(client);
            subscribe(client, root + "/of/" + id, 1);
        }
        for (int i = 0; i < WILLS; i++) {
            String id = root + "-will-" + i;
            int flags = WILL_QOS_1 | (i % 2 == 0 ? RawMqtt.CLEAN : 0);
            byte[] connect = connect4(flags, 0, string(id), string(root + "/will/" + i), string(id));
            lost.add(RawMqtt.connect(cluster.node(3).port(), connect, false));
        }
        try (RawClient publisher = clean(cluster.node(1).port(), root + "-publisher")) {
            int packetId = 0;
            for (String id : ids) {
                publish(publisher, 1, ++packetId, root + "/of/" + id, "for " + id);
            }
        }
    }

    private Map<String, Object> afterwards(List<String> ids, Watcher watcher, long killed) {
        Timings served = new Timings();
        Timings delivered = new Timings();
        Comeback.of(ids, List.of(cluster.node(1), cluster.node(2)), comeback -> {
            served.add(comeback.servedNanos() - killed);
            delivered.add(delivery(comeback) - killed);
            return comeback;
        });
        Timings wills = new Timings();
        for (int i = 0; i < WILLS; i++) {
            wills.add(watcher.await(root + "-will-" + i, WILLS_PATIENCE).nanos() - killed);
        }
        if (watcher.payloads().size() != WILLS) {
            throw new AssertionError("each will once: " + watcher.payloads());
        }
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("sessions_served_after", served.figures());
        figures.put("committed_messages_delivered_after", delivered.figures());
        figures.put("wills_arrived_after", wills.figures());
        figures.put("all_in_service_after_millis", Math.max(delivered.millisMax(), wills.millisMax()));
        return figures;
    }

    private static long delivery(Comeback comeback) throws IOException {
        try (RawClient client = comeback.client()) {
            RawMqtt.Received message = take(client);
            long now = System.nanoTime();
            if (!message.payload().equals("for " + comeback.clientId())) {
                throw new AssertionError(comeback.clientId() + " got " + message);
            }
            return now;
        }
    }
}
