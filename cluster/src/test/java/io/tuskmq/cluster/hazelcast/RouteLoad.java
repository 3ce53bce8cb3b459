package io.tuskmq.cluster.hazelcast;

import static io.tuskmq.cluster.TestNode.await;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.Cluster.Node;
import io.tuskmq.cluster.Cluster.RouteConsumer;
import io.tuskmq.cluster.Peer;
import io.tuskmq.cluster.StubLinks;
import io.tuskmq.cluster.TestNode;
import io.tuskmq.cluster.rules.RouteHash;
import io.tuskmq.cluster.rules.RouteTable;
import io.tuskmq.cluster.rules.RouteTree;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Run by hand: three members in one JVM and so many filters of the first one; reports as JSON how long they take to be applied and to be loaded by a
 * member that joins, and what they cost. {@code RouteLoad [filters]}
 */
final class RouteLoad {
    private static final byte[] SECRET = {7};

    /** A node with a real route tree for its own routes and those of its peers. */
    private static final class Owner implements Cluster.Listener {
        final HazelcastCluster cluster;
        final RouteTree<Integer> own = new RouteTree<>();
        final RouteTree<Integer> ofPeers = new RouteTree<>();
        final AtomicInteger routes = new AtomicInteger();
        Cluster.Addresses addresses = new Cluster.Addresses("", 0, 0);

        Owner(HazelcastCluster cluster) {
            this.cluster = cluster;
        }

        @Override
        public void route(int slot, String filter, int flags) {
            ofPeers.compute(filter, before -> flags == 0 ? null : flags);
            routes.incrementAndGet();
        }

        @Override
        public void forEachRoute(int slot, RouteConsumer each) {
            ofPeers.forEach(each::accept);
        }

        @Override
        public void forEachOwnRoute(RouteConsumer each) {
            own.forEach(each::accept);
        }

        @Override
        public void linked(int slot, Peer peer) {
            // Not of interest here.
        }

        @Override
        public void unlinked(int slot, Peer peer, boolean refused) {
            // Not of interest here.
        }

        @Override
        public void heard(Peer peer) {
            // Not of interest here.
        }

        @Override
        public void silent(Peer peer) {
            // Not of interest here.
        }

        @Override
        public void gone(int slot, Peer peer) {
            // Not of interest here.
        }

        @Override
        public void told(Peer from, Buffer body) {
            // Not of interest here.
        }

        @Override
        public Future<Buffer> asked(Peer from, Buffer body) {
            return Future.succeededFuture(body);
        }

        @Override
        public void merged() {
            // Not of interest here.
        }

        @Override
        public void suspected(Peer peer) {
            // Not of interest here.
        }
    }

    private final Vertx vertx = Vertx.vertx();
    private final StubLinks.Hub hub = new StubLinks.Hub(vertx);
    private final List<Owner> owners = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();

    private RouteLoad() {}

    public static void main(String[] arguments) {
        int filters = arguments.length == 0 ? 1_000_000 : Integer.parseInt(arguments[0]);
        RouteLoad load = new RouteLoad();
        try {
            load.run(filters);
        } finally {
            load.owners.forEach(owner -> await(owner.cluster.close()));
            await(load.vertx.close());
        }
    }

    private void run(int filters) {
        double firstStart = seconds(this::join);
        double secondStart = seconds(this::join);
        Owner a = owners.getFirst();
        long before = heapBytes();
        for (int i = 0; i < filters; i++) {
            a.own.put(filter(i), 1 + i % 3);
        }
        long trees = heapBytes() - before;
        double applied = seconds(() -> {
            int[] count = {0};
            a.own.forEach((filter, flags) -> {
                a.cluster.routeChanged(filter, flags);
                if (++count[0] % 50_000 == 0) {
                    await(a.cluster.routesApplied());
                }
            });
            await(a.cluster.routesApplied());
        });
        double thirdJoin = seconds(() -> {
            join();
            TestNode.eventually(
                    "complete", () -> owners.getLast().cluster.missing().isEmpty());
        });
        double one = seconds(() -> {
            a.own.put("one/more", 1);
            a.cluster.routeChanged("one/more", 1);
            await(a.cluster.routesApplied());
        });
        System.out.printf(
                Locale.ROOT,
                "{\"filters\":%d,\"first_start_s\":%.2f,\"second_start_s\":%.2f,\"applied_at_one_peer_s\":%.2f,"
                        + "\"joiner_complete_s\":%.2f,\"one_change_applied_at_two_peers_s\":%.4f,"
                        + "\"tree_bytes_per_filter\":%d,\"table_bytes_per_filter\":%d,\"routes_at_second\":%d,"
                        + "\"routes_at_third\":%d,\"snapshots_by_second\":%d}%n",
                filters,
                firstStart,
                secondStart,
                applied,
                thirdJoin,
                one,
                trees / filters,
                tableBytes(filters) / filters,
                owners.get(1).ofPeers.size(),
                owners.get(2).ofPeers.size(),
                owners.get(1).cluster.snapshotsOf(1));
    }

    private void join() {
        long incarnation = owners.size() + 1L;
        Owner owner = new Owner(new HazelcastCluster(vertx, hub.links(), HazelcastCluster.Options.of("127.0.0.1", 0)));
        owner.addresses = await(owner.cluster.open(owner));
        Peer peer = new Peer(incarnation, "n" + incarnation, "127.0.0.1", owner.addresses.linkPort());
        owners.add(owner);
        nodes.add(new Node(peer, "127.0.0.1:" + owner.addresses.memberPort()));
        await(owner.cluster.join(peer, SECRET, nodes));
        owners.forEach(each -> each.cluster.nodes(nodes));
    }

    private static long tableBytes(int filters) {
        long before = heapBytes();
        RouteTable table = new RouteTable();
        RouteHash hash = new RouteHash(1, 2);
        for (int i = 0; i < filters; i++) {
            table.put(hash.of(filter(i)), 1);
        }
        long bytes = heapBytes() - before;
        if (table.size() != filters) {
            throw new AssertionError("two filters with one hash");
        }
        return bytes;
    }

    private static String filter(int i) {
        return "site/" + i % 100 + "/device/" + i + "/state";
    }

    private static double seconds(Runnable step) {
        long start = System.nanoTime();
        step.run();
        return (System.nanoTime() - start) / 1e9;
    }

    private static long heapBytes() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
