package io.tuskmq.cluster;

import io.tuskmq.cluster.Cluster.Node;
import io.tuskmq.cluster.Cluster.RouteConsumer;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/** A node as its cluster sees it: remembers what it was told, and that nothing about one peer was told by two threads at once. */
public final class TestNode implements Cluster.Listener {
    static final long WAIT_SECONDS = 60;
    private static final byte[] SECRET = {1, 2, 3};

    public final Cluster cluster;
    public final long incarnation;
    /** What happened, except for routes. */
    public final Queue<String> events = new ConcurrentLinkedQueue<>();

    final Map<Integer, Map<String, Integer>> routes = new ConcurrentHashMap<>();
    final Map<Long, Integer> slots = new ConcurrentHashMap<>();
    public final Map<String, Integer> own = new ConcurrentHashMap<>();
    private final Map<Long, AtomicInteger> inCall = new ConcurrentHashMap<>();
    private Cluster.Addresses addresses = new Cluster.Addresses("", 0, 0);

    public TestNode(long incarnation, Cluster cluster) {
        this.incarnation = incarnation;
        this.cluster = cluster;
    }

    public TestNode open() {
        addresses = await(cluster.open(this));
        return this;
    }

    /** Others come in by another port than the one that it listens on. */
    public void memberPort(int port) {
        addresses = new Cluster.Addresses(addresses.host(), addresses.linkPort(), port);
    }

    public int memberPort() {
        return addresses.memberPort();
    }

    public Node node() {
        Peer peer = new Peer(incarnation, "n" + incarnation, addresses.host(), addresses.linkPort());
        return new Node(peer, addresses.host() + ":" + addresses.memberPort());
    }

    public Future<Void> join(Node... live) {
        return cluster.join(node().peer(), SECRET, Set.of(live));
    }

    public void subscribe(String filter, int flags) {
        own.put(filter, flags);
        cluster.routeChanged(filter, flags);
    }

    public void unsubscribe(String filter) {
        own.remove(filter);
        cluster.routeChanged(filter, 0);
    }

    int slotOf(TestNode other) {
        return Objects.requireNonNull(slots.get(other.incarnation), "never linked");
    }

    /** What this node has of the other one's routes. */
    public Map<String, Integer> routesOf(TestNode other) {
        Integer slot = slots.get(other.incarnation);
        return slot == null ? Map.of() : routes.getOrDefault(slot, Map.of());
    }

    public static <T> T await(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("not within " + WAIT_SECONDS + " s", e);
        } catch (java.util.concurrent.ExecutionException e) {
            throw new AssertionError(e.getCause());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    public static void eventually(String what, BooleanSupplier holds) {
        long end = System.nanoTime() + Duration.ofSeconds(WAIT_SECONDS).toNanos();
        CountDownLatch never = new CountDownLatch(1);
        try {
            while (!holds.getAsBoolean()) {
                if (System.nanoTime() - end > 0) {
                    throw new AssertionError("not within " + WAIT_SECONDS + " s: " + what);
                }
                if (never.await(5, TimeUnit.MILLISECONDS)) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void during(Peer peer, Runnable call) {
        AtomicInteger calls = inCall.computeIfAbsent(peer.incarnation(), any -> new AtomicInteger());
        if (calls.incrementAndGet() != 1) {
            events.add("overlap " + peer.incarnation());
        }
        call.run();
        calls.decrementAndGet();
    }

    @Override
    public void linked(int slot, Peer peer) {
        during(peer, () -> {
            slots.put(peer.incarnation(), slot);
            events.add("linked " + peer.incarnation());
        });
    }

    @Override
    public void unlinked(int slot, Peer peer, boolean refused) {
        during(peer, () -> events.add((refused ? "refused " : "unlinked ") + peer.incarnation()));
    }

    @Override
    public void heard(Peer peer) {
        during(peer, () -> events.add("heard " + peer.incarnation()));
    }

    @Override
    public void silent(Peer peer) {
        during(peer, () -> events.add("silent " + peer.incarnation()));
    }

    @Override
    public void gone(int slot, Peer peer) {
        during(peer, () -> {
            slots.remove(peer.incarnation());
            routes.remove(slot);
            events.add("gone " + peer.incarnation());
        });
    }

    @Override
    public void route(int slot, String filter, int flags) {
        Map<String, Integer> of = routes.computeIfAbsent(slot, any -> new ConcurrentHashMap<>());
        if (flags == 0) {
            of.remove(filter);
        } else {
            of.put(filter, flags);
        }
    }

    @Override
    public void forEachRoute(int slot, RouteConsumer each) {
        routes.getOrDefault(slot, Map.of()).forEach(each::accept);
    }

    @Override
    public void told(Peer from, Buffer body) {
        during(from, () -> events.add("told " + from.incarnation() + " " + body));
    }

    @Override
    public Future<Buffer> asked(Peer from, Buffer body) {
        return switch (body.toString()) {
            case "no" -> Future.failedFuture("no");
            case "never" -> Future.future(promise -> {});
            default -> Future.succeededFuture(Buffer.buffer("answer to " + from.incarnation()));
        };
    }

    @Override
    public void forEachOwnRoute(RouteConsumer each) {
        own.forEach(each::accept);
    }

    @Override
    public void merged() {
        events.add("merged");
    }

    @Override
    public void suspected(Peer peer) {
        events.add("suspected " + peer.incarnation());
    }

    /** Makes clusters for a test. */
    public interface World extends AutoCloseable {
        Cluster cluster(long incarnation);

        /** As by {@code kill -9}. */
        void kill(TestNode node);

        void cut(TestNode one, TestNode other);

        void mend(TestNode one, TestNode other);

        @Override
        void close();
    }
}
