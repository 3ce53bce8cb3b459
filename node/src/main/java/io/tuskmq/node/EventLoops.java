package io.tuskmq.node;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;

/**
 * The event loops of a process, each kind with threads of its own: what clients do delays neither the heartbeat nor the links.
 *
 * @param clients for clients, their messages, and everything that is not named below
 * @param heartbeat for the renewal of the lease and the end of others: one thread, which sleeps nearly always
 * @param links for the connections to and from other nodes
 */
public record EventLoops(Vertx clients, Vertx heartbeat, Vertx links) {
    private static final int LINK_LOOPS_MAX = 4;

    /** With epoll where the system has it: a wake-up of an event loop costs less. */
    public static EventLoops open() {
        int linkLoops = Math.min(LINK_LOOPS_MAX, Runtime.getRuntime().availableProcessors());
        return new EventLoops(Vertx.vertx(options()), vertx(1), vertx(linkLoops));
    }

    private static Vertx vertx(int loops) {
        return Vertx.vertx(options().setEventLoopPoolSize(loops));
    }

    private static VertxOptions options() {
        return new VertxOptions().setPreferNativeTransport(true);
    }

    public Future<Void> close() {
        return Future.join(clients.close(), heartbeat.close(), links.close()).mapEmpty();
    }
}
