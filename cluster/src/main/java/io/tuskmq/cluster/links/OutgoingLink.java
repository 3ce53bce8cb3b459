package io.tuskmq.cluster.links;

import io.netty.channel.ConnectTimeoutException;
import io.tuskmq.cluster.LinkException;
import io.tuskmq.cluster.Links;
import io.tuskmq.cluster.Peer;
import io.tuskmq.cluster.links.Frame.BadFrame;
import io.tuskmq.cluster.rules.Redial;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import java.net.ConnectException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Our connection to one peer, made anew until the peer is not wanted any more. Lives on a context of its own. */
final class OutgoingLink {
    private static final Logger LOG = LoggerFactory.getLogger(OutgoingLink.class);
    private static final long NO_TIMER = -1;

    private final TcpLinks links;
    private final NetClient client;
    private final ContextInternal context;
    private final Peer peer;
    private final Redial redial = new Redial();
    private final Promise<Void> gone = Promise.promise();
    private long timer = NO_TIMER;
    private @Nullable Attempt attempt;
    private volatile @Nullable Attempt standing;
    private volatile boolean dropped;

    OutgoingLink(TcpLinks links, NetClient client, Peer peer) {
        this.links = links;
        this.client = client;
        this.peer = peer;
        context = links.newContext();
    }

    Peer peer() {
        return peer;
    }

    void start() {
        context.runOnContext(ignored -> dial());
    }

    /** The peer is not wanted any more: no callback begins from now on. Completes when nothing is left of it. */
    Future<Void> drop() {
        dropped = true;
        context.runOnContext(ignored -> {
            if (timer != NO_TIMER) {
                context.owner().cancelTimer(timer);
                timer = NO_TIMER;
                gone.tryComplete();
            }
            Attempt now = attempt;
            if (now != null) {
                now.connection.end("the peer is let go");
            }
        });
        return gone.future();
    }

    boolean tell(byte channel, Buffer body) {
        Attempt now = standing;
        return now != null
                && !dropped
                && body.length() <= links.options().limits().frameBytesMax() - Frame.HEAD_BYTES_MAX
                && now.connection.outbox().offer(Frame.tell(channel, body));
    }

    boolean tellPaced(byte channel, Buffer body) {
        Attempt now = standing;
        return now != null
                && !dropped
                && body.length() <= links.options().limits().frameBytesMax() - Frame.HEAD_BYTES_MAX
                && now.connection.outbox().offer(Frame.pacedTell(channel, body));
    }

    /** Whether senders of paced frames should wait. */
    boolean isSlow() {
        Attempt now = standing;
        return now != null && !dropped && now.connection.outbox().holds();
    }

    Links.Waiting waiting() {
        Attempt now = standing;
        return now == null || dropped
                ? Links.Waiting.NOTHING
                : new Links.Waiting(
                        now.connection.outbox().waitingBytes(),
                        now.connection.outbox().lagMillis());
    }

    Future<Buffer> ask(byte channel, Buffer body, long timeoutMillis) {
        Attempt now = standing;
        if (now == null || dropped) {
            return Future.failedFuture(new LinkException(LinkException.Kind.DOWN, "no link to " + peer.name()));
        }
        if (body.length() > links.options().limits().frameBytesMax() - Frame.HEAD_BYTES_MAX) {
            return Future.failedFuture(
                    new LinkException(LinkException.Kind.LIMIT, "too large: " + body.length() + " bytes"));
        }
        return now.asks.ask(channel, body, timeoutMillis);
    }

    private void dial() {
        timer = NO_TIMER;
        if (dropped) {
            gone.tryComplete();
            return;
        }
        client.connect(peer.port(), peer.host()).onSuccess(this::connected).onFailure(failure -> {
            LOG.debug("link not connected peer={} why=\"{}\"", peer.name(), failure.getMessage());
            failed(isRefusal(failure));
        });
    }

    private void connected(NetSocket socket) {
        Attempt now = new Attempt(socket);
        attempt = now;
        if (dropped) {
            now.connection.cut("the peer is let go");
        } else {
            now.begin();
        }
    }

    private void failed(boolean refused) {
        if (dropped) {
            gone.tryComplete();
            return;
        }
        Redial.Next next = redial.failed(refused, LinkConnection.nowMillis());
        dialAfter(next.delayMillis());
        if (next.deserted()) {
            links.refused(peer.host() + ":" + peer.port(), "nobody listens, or another incarnation");
            links.handler().down(peer, true);
        }
    }

    private void dialAfter(long millis) {
        if (millis == 0) {
            dial();
        } else {
            timer = context.owner().setTimer(millis, fired -> dial());
        }
    }

    /** Nobody listens. On the way there: a firewall that says so; the lease decides. */
    private static boolean isRefusal(Throwable failure) {
        if (!(failure instanceof ConnectException) || failure instanceof ConnectTimeoutException) {
            return false;
        }
        // Without native transport it is always ECONNREFUSED; with it the number is in the text, and no other one.
        String message = String.valueOf(failure.getMessage());
        return !message.contains("error(-") || message.contains("error(-111)");
    }

    /** One connection, from the first byte on. */
    private final class Attempt implements LinkConnection.End {
        final LinkConnection connection;
        final Asks asks;
        private final Buffer hello = Handshake.hello(links.self().peer(), peer.incarnation());
        private boolean proved;
        private boolean otherIncarnation;
        private long sinceMillis;

        Attempt(NetSocket socket) {
            connection = new LinkConnection(context.owner(), socket, links.options(), this);
            asks = new Asks(
                    connection,
                    context.nettyEventLoop(),
                    links.options().limits().unansweredMax());
        }

        void begin() {
            connection.outbox().add(Frame.of(Frame.Kind.HELLO, hello));
        }

        @Override
        public void frame(Frame frame) throws BadFrame {
            switch (frame.kind()) {
                case CHALLENGE -> challenged(frame.body());
                case READY -> ready();
                case REFUSED -> connection.cut("the peer says: " + frame.body().toString());
                case ANSWER -> asks.answered(frame.id(), frame.body());
                case FAIL -> asks.refused(frame.id(), frame.body());
                case HELLO, PROOF, PING, TELL, ASK -> throw new BadFrame("it sent " + frame.kind());
            }
        }

        /** Only answers come: they are waited for. */
        @Override
        public boolean isBehind() {
            return false;
        }

        @Override
        public void relieved() {
            if (!dropped) {
                links.handler().room(peer);
            }
        }

        private void challenged(Buffer body) throws BadFrame {
            byte[] secret = links.self().secret();
            Handshake.Challenge challenge = Handshake.readChallenge(secret, hello, body);
            if (challenge.incarnation() != peer.incarnation()) {
                // Proved by the secret: the process that we want does not listen there any more.
                otherIncarnation = true;
                connection.cut("another incarnation listens there");
                return;
            }
            proved = true;
            connection.outbox().add(Frame.of(Frame.Kind.PROOF, Handshake.proof(secret, hello, challenge.bytes())));
        }

        private void ready() throws BadFrame {
            if (!proved || standing != null) {
                throw new BadFrame("READY out of turn");
            }
            connection.authenticated();
            sinceMillis = LinkConnection.nowMillis();
            standing = this;
            if (!dropped) {
                LOG.info("link up peer={} incarnation={}", peer.name(), peer.incarnation());
                links.handler().up(peer);
            }
        }

        @Override
        public void closed(String why) {
            boolean stood = standing == this;
            standing = null;
            attempt = null;
            asks.close(why);
            if (dropped) {
                gone.tryComplete();
            } else if (stood) {
                LOG.info("link down peer={} incarnation={} why=\"{}\"", peer.name(), peer.incarnation(), why);
                try {
                    links.handler().down(peer, false);
                } finally {
                    dialAfter(redial.broke(LinkConnection.nowMillis() - sinceMillis));
                }
            } else {
                links.refused(connection.remote(), why);
                failed(otherIncarnation);
            }
        }
    }
}
