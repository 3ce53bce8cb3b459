package io.tuskmq.node.mqtt;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.internal.VertxWrapper;
import io.vertx.core.internal.tls.SslContextProvider;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.TrafficShapingOptions;
import io.vertx.core.net.impl.NetServerInternal;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A Vertx whose one net server lets us at each new connection after its owner (vertx-mqtt) has built the pipeline: MqttServer gives no
 * other way to the channel. Also says on which context the server listens.
 */
final class TappedVertx extends VertxWrapper {
    private final ContextInternal context;
    private final Consumer<NetSocket> tap;
    private @Nullable NetServerInternal server;

    TappedVertx(Vertx vertx, ContextInternal context, Consumer<NetSocket> tap) {
        super((VertxInternal) vertx);
        this.context = context;
        this.tap = tap;
    }

    @Override
    public NetServerInternal createNetServer(NetServerOptions options) {
        NetServerInternal real = super.createNetServer(options);
        server = real;
        return new TappedServer(real);
    }

    /** The real server, to be shut down with time for its connections. */
    NetServerInternal server() {
        NetServerInternal real = server;
        if (real == null) {
            throw new IllegalStateException("no server was created");
        }
        return real;
    }

    private final class TappedServer implements NetServerInternal {
        private final NetServerInternal real;

        TappedServer(NetServerInternal real) {
            this.real = real;
        }

        @Override
        public NetServerInternal connectHandler(@Nullable Handler<NetSocket> handler) {
            if (handler == null) {
                throw new IllegalArgumentException("no handler");
            }
            real.connectHandler(socket -> {
                handler.handle(socket);
                tap.accept(socket);
            });
            return this;
        }

        @Override
        public Future<NetServer> listen(SocketAddress address) {
            return real.listen(context, address);
        }

        @Override
        public Future<NetServer> listen() {
            throw new UnsupportedOperationException("listen with an address");
        }

        @Override
        public Future<NetServer> listen(ContextInternal other, SocketAddress address) {
            return real.listen(other, address);
        }

        @Override
        public Handler<NetSocket> connectHandler() {
            return real.connectHandler();
        }

        @Override
        public NetServerInternal exceptionHandler(Handler<Throwable> handler) {
            real.exceptionHandler(handler);
            return this;
        }

        @Override
        public SslContextProvider sslContextProvider() {
            return real.sslContextProvider();
        }

        @Override
        public Future<Void> shutdown(long timeout, TimeUnit unit) {
            return real.shutdown(timeout, unit);
        }

        @Override
        public int actualPort() {
            return real.actualPort();
        }

        @Override
        public Future<Boolean> updateSSLOptions(ServerSSLOptions options, boolean force) {
            return real.updateSSLOptions(options, force);
        }

        @Override
        public Future<Boolean> updateTrafficShapingOptions(TrafficShapingOptions options) {
            return real.updateTrafficShapingOptions(options);
        }
    }
}
