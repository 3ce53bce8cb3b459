package io.tuskmq.cluster.links;

import io.tuskmq.cluster.Links;
import io.tuskmq.cluster.Peer;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** Nodes on loopback, with a proxy on each way that is to be disturbed. */
final class TcpFixture extends LinksFixture {
    /** Patient, since a test machine may stand still for a while. */
    static final TcpLinks.Timing PATIENT = new TcpLinks.Timing(5_000, 5_000, 500, 20_000);

    /** One way from node to node. */
    private record Way(long from, long to) {}

    final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(4));
    private final TcpLinks.Options options;
    private final Map<Way, TestProxy> proxies = new HashMap<>();

    TcpFixture() {
        this(PATIENT);
    }

    TcpFixture(TcpLinks.Timing timing) {
        this(new TcpLinks.Options("127.0.0.1", 0, null, timing, TcpLinks.Limits.DEFAULT));
    }

    TcpFixture(TcpLinks.Options options) {
        this.options = options;
    }

    @Override
    Links create() {
        return new TcpLinks(vertx, options);
    }

    @Override
    Peer disturbable(Node from, Node to) {
        TestProxy proxy = proxies.computeIfAbsent(
                new Way(from.incarnation(), to.incarnation()),
                way -> TestProxy.to(vertx, to.peer().port()));
        return new Peer(to.incarnation(), to.peer().name(), "127.0.0.1", proxy.port());
    }

    TestProxy proxy(Node from, Node to) {
        return Objects.requireNonNull(proxies.get(new Way(from.incarnation(), to.incarnation())));
    }

    @Override
    void breakConnections(Node from, Node to) {
        proxy(from, to).breakAll(false);
    }

    @Override
    void stall(Node from, Node to) {
        proxy(from, to).stall();
    }

    @Override
    void resume(Node from, Node to) {
        proxy(from, to).resume();
    }

    @Override
    void cut(Node from, Node to) {
        proxy(from, to).breakAll(true);
    }

    @Override
    void heal(Node from, Node to) {
        proxy(from, to).heal();
    }

    @Override
    void closeNetwork() {
        proxies.values().forEach(proxy -> get(proxy.close()));
        get(vertx.close());
    }
}
