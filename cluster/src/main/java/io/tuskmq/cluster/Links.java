package io.tuskmq.cluster;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.Collection;

/**
 * Streams to and from the other nodes. A node opens one connection to each peer and tells and asks on it; answers come back on the same
 * one. May be called from any thread. {@code TcpLinks} stands on sockets, {@code MemoryLinks} on nothing.
 *
 * <p>What is told or asked by one thread reaches the peer in that order, or not at all: when the connection breaks, everything that was not
 * handled is lost, {@link Handler#down} is called at both ends, and a new connection is tried until the peer is no longer wanted.
 */
public interface Links {
    /** The cluster's own frames (routes). */
    byte CLUSTER = 0;

    /** The node's frames. */
    byte NODE = 1;

    /**
     * Told of what happens on links. Calls concerning one connection come one after the other. A peer that connects is taken in only when it knows the
     * secret and this node's incarnation.
     */
    interface Handler {
        /** Our connection to the peer stands: what is told from now on arrives. */
        void up(Peer peer);

        /**
         * Our connection to the peer is gone ({@code refused} is false), or three attempts in a row, within about 600 ms, found that nobody listens at its
         * address, or that another incarnation does, which has proved itself ({@code refused}; again at most once a second while it stays so).
         */
        void down(Peer peer, boolean refused);

        /** The peer's connection to us stands; it may be one that {@link #wanted} has not named yet: its address is the peer's own word. */
        void heard(Peer from);

        /** The peer's connection to us is gone: what it told since it may be lost. */
        void silent(Peer from);

        /** When it throws, the connection is broken: a frame that was not handled must not be followed by others as if it had been. */
        void told(Peer from, byte channel, Buffer body);

        /**
         * Whether too much of what was told waits here. While it does, what the peers tell and ask is not read, at most 2 s: so their senders of paced frames
         * are slowed down.
         */
        default boolean isBehind() {
            return false;
        }

        /** {@link #isSlow} has ended. On any thread. */
        default void room(Peer peer) {}

        /** The answer goes back; a failed future fails the peer's {@link #ask} with its message. May complete on any thread. */
        Future<Buffer> asked(Peer from, byte channel, Buffer body);
    }

    /** Listens; completes with the port. Before everything else. */
    Future<Integer> listen(Handler handler);

    /** Who this node is, once it is registered; connections are accepted from now on. */
    void self(Peer self, byte[] secret);

    /**
     * The peers to be linked to, all of them: others are let go, and no callback about them begins any more, except {@link Handler#silent} and what
     * comes on a connection that such a peer has opened. After {@link #self}; this node itself is left out.
     */
    void wanted(Collection<Peer> peers);

    /**
     * Sends to the peer; never blocks. The body must not be changed afterwards.
     *
     * @return false when it was not sent: the link is down, or 8 MB wait for it (then until less than half of that waits), or the body is larger than
     *     about 64 MB
     */
    boolean tell(long incarnation, byte channel, Buffer body);

    /**
     * The same for what its senders can hold back: they should, while the peer {@link #isSlow}. It has its own 8 MB; nothing of it is refused on a link whose
     * peer takes at least 256 KB in 2 s, if they do.
     */
    default boolean tellPaced(long incarnation, byte channel, Buffer body) {
        return tell(incarnation, channel, body);
    }

    /**
     * Whether more than 2 MB of what was told paced wait for the peer (then until less than 1 MB does), and it takes some of it: for a peer that takes
     * next to nothing nobody waits longer than about 2 s.
     */
    default boolean isSlow(long incarnation) {
        return false;
    }

    /**
     * What waits for a peer.
     *
     * @param lagMillis how long such bytes wait, looked at twice a second
     */
    record Waiting(long bytes, long lagMillis) {
        public static final Waiting NOTHING = new Waiting(0, 0);
    }

    /** What waits for the peer now, where anything can wait. */
    default Waiting waiting(long incarnation) {
        return Waiting.NOTHING;
    }

    /**
     * Asks the peer; fails with a {@link LinkException} when the link is down or breaks, after the time, or when the peer says no. Not bounded by what
     * waits, but at most 10,000 are unanswered. Completes on the caller's context, where it has one.
     */
    Future<Buffer> ask(long incarnation, byte channel, Buffer body, long timeoutMillis);

    /** Connections that are made from now on have this certificate (PEM); where there is TLS. Those that stand stay. */
    default Future<Void> renewTls(Buffer certificate, Buffer key, Buffer authorities) {
        return Future.succeededFuture();
    }

    /** Lets all peers go; unanswered asks fail. No callback begins any more. */
    Future<Void> close();
}
