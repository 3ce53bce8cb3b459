package io.tuskmq.node.mqtt;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.tuskmq.node.tls.ClientTrust;
import io.tuskmq.node.tls.Credential;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** TLS of the ports for clients. New connections get what was taken last; those that stand keep what they began with. From any thread. */
final class ServerTls {
    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

    private static final int RESUMED_SECONDS_MAX = 60;

    private final boolean clientMust;
    private volatile SslContext context;
    private volatile @Nullable ClientTrust trust;

    ServerTls(Credential credential, boolean clientMust) throws SSLException {
        this.clientMust = clientMust;
        this.trust = credential.trust();
        this.context = contextOf(credential, clientMust);
    }

    void take(Credential credential) throws SSLException {
        context = contextOf(credential, clientMust);
        trust = credential.trust();
    }

    /** By which clients' certificates are taken now; null: they are not asked for one. */
    @Nullable
    ClientTrust trust() {
        return trust;
    }

    private static SslContext contextOf(Credential credential, boolean clientMust) throws SSLException {
        SslContextBuilder builder = SslContextBuilder.forServer(credential.keys())
                .sslProvider(SslProvider.JDK)
                .protocols(PROTOCOLS);
        ClientTrust trust = credential.trust();
        if (trust != null) {
            // A resumed session doesn't ask for the certificate again, nor for the end of lists: so not for a day, as
            // Java would have it.
            builder.trustManager(trust)
                    .clientAuth(clientMust ? ClientAuth.REQUIRE : ClientAuth.OPTIONAL)
                    .sessionTimeout(RESUMED_SECONDS_MAX);
        }
        return builder.build();
    }

    /** @param handshakeMillisMax the tap's CONNECT deadline ends it as well */
    SslHandler handler(ByteBufAllocator allocator, int handshakeMillisMax) {
        SslHandler handler = context.newHandler(allocator);
        handler.setHandshakeTimeoutMillis(handshakeMillisMax);
        return handler;
    }
}
