package io.tuskmq.cluster.links;

import io.tuskmq.cluster.Peer;
import io.tuskmq.cluster.links.Frame.BadFrame;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.net.NetSocket;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A connection that somebody opened to us: a stranger until it has proved that it is a peer. Lives on its socket's context. */
final class IncomingLink implements LinkConnection.End {
    private static final Logger LOG = LoggerFactory.getLogger(IncomingLink.class);
    private static final int FAILURE_CHARS_MAX = 1_000;

    private final TcpLinks links;
    private final ContextInternal context;
    private final LinkConnection connection;
    private final Promise<Void> gone = Promise.promise();
    private Handshake.@Nullable Hello hello;
    private @Nullable Buffer challenge;

    /** The peer, when it has proved that it is one. */
    private @Nullable Peer peer;
    /** The handler knows of it. */
    private boolean heard;
    /** An earlier connection of the same peer is still to be told silent. */
    private boolean waiting;

    IncomingLink(TcpLinks links, ContextInternal context, NetSocket socket) {
        this.links = links;
        this.context = context;
        connection = new LinkConnection(context.owner(), socket, links.options(), this);
    }

    /** Ends it; completes when the handler was told that it is silent, if it ever was heard. From any thread. */
    Future<Void> leave(String why) {
        context.runOnContext(ignored -> connection.end(why));
        return gone.future();
    }

    /** Ends it without waiting for what it has not taken yet. From any thread. */
    Future<Void> replaced() {
        context.runOnContext(ignored -> connection.cut("the peer has connected anew"));
        return gone.future();
    }

    /** Not even listened to. */
    void refuse(String why) {
        connection.cut(why);
    }

    @Override
    public void frame(Frame frame) throws BadFrame {
        Peer from = peer;
        if (from != null && heard) {
            switch (frame.kind()) {
                case TELL -> links.handler().told(from, frame.channel(), frame.body());
                case ASK -> asked(from, frame);
                case HELLO, CHALLENGE, PROOF, READY, REFUSED, PING, ANSWER, FAIL ->
                    throw new BadFrame("it sent " + frame.kind());
            }
        } else if (frame.kind() == Frame.Kind.HELLO && hello == null) {
            greeted(frame.body());
        } else if (frame.kind() == Frame.Kind.PROOF && hello != null && from == null) {
            proved(hello, frame.body());
        } else {
            throw new BadFrame("it sent " + frame.kind() + " out of turn");
        }
    }

    private void greeted(Buffer body) throws BadFrame {
        Handshake.Hello read = Handshake.readHello(body);
        TcpLinks.Self self = links.selfOrNull();
        if (read.version() != Handshake.VERSION) {
            say("version " + Handshake.VERSION + " is spoken here, not " + read.version());
        } else if (self == null) {
            say("not registered yet");
        } else {
            hello = read;
            challenge = Handshake.challenge(self.secret(), read, self.peer().incarnation());
            connection.outbox().add(Frame.of(Frame.Kind.CHALLENGE, challenge));
        }
    }

    private void proved(Handshake.Hello by, Buffer proof) throws BadFrame {
        TcpLinks.Self self = links.self();
        if (challenge == null || !Handshake.proves(self.secret(), by.bytes(), challenge, proof)) {
            throw new BadFrame("it does not know the cluster's secret");
        }
        if (by.wanted() != self.peer().incarnation()) {
            say("another incarnation listens here");
            return;
        }
        Peer from = by.from();
        peer = from;
        connection.authenticated();
        waiting = true;
        // An earlier connection of this peer may live on another event loop: it is told silent before this one is
        // heard.
        links.admitted(from.incarnation(), this)
                .onComplete(done -> context.runOnContext(ignored -> predecessorGone(from)));
    }

    private void predecessorGone(Peer from) {
        waiting = false;
        if (connection.isClosed()) {
            leftBehind(from);
            return;
        }
        heard = true;
        if (!links.isClosed()) {
            LOG.info("link heard peer={} incarnation={}", from.name(), from.incarnation());
            links.handler().heard(from);
        }
        connection.outbox().add(Frame.READY);
    }

    private void asked(Peer from, Frame ask) {
        Future<Buffer> answer;
        try {
            answer = links.handler().asked(from, ask.channel(), ask.body());
        } catch (RuntimeException e) {
            LOG.error("ask failed by a fault peer={}", from.name(), e);
            answer = Future.failedFuture(e);
        }
        answer.onSuccess(body -> {
                    if (body.length() > links.options().limits().frameBytesMax() - Frame.HEAD_BYTES_MAX) {
                        fail(ask, "the answer is too large");
                    } else {
                        connection.outbox().add(new Frame(Frame.Kind.ANSWER, ask.channel(), ask.id(), body));
                    }
                })
                .onFailure(
                        failure -> fail(ask, failure.getMessage() == null ? failure.toString() : failure.getMessage()));
    }

    private void fail(Frame ask, String message) {
        Buffer body = Buffer.buffer(message.substring(0, Math.min(message.length(), FAILURE_CHARS_MAX)));
        connection.outbox().add(new Frame(Frame.Kind.FAIL, ask.channel(), ask.id(), body));
    }

    private void say(String why) {
        links.refused(connection.remote(), why);
        connection.outbox().add(Frame.of(Frame.Kind.REFUSED, Buffer.buffer(why)));
        connection.end(why);
    }

    @Override
    public void closed(String why) {
        Peer from = peer;
        if (from == null) {
            links.strangerLeft();
            links.refused(connection.remote(), why);
            leftBehind(null);
            return;
        }
        try {
            if (heard && !links.isClosed()) {
                LOG.info("link silent peer={} incarnation={} why=\"{}\"", from.name(), from.incarnation(), why);
                links.handler().silent(from);
            }
        } finally {
            if (!waiting) {
                leftBehind(from);
            }
        }
    }

    @Override
    public boolean isBehind() {
        return heard && links.handler().isBehind();
    }

    /** Nobody sends paced frames to who has dialled. */
    @Override
    public void relieved() {}

    private void leftBehind(@Nullable Peer from) {
        if (from != null) {
            links.left(from.incarnation(), this);
        }
        links.closed(this);
        gone.tryComplete();
    }
}
