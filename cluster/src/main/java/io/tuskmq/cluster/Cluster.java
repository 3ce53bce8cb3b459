package io.tuskmq.cluster;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The other nodes, seen from one: links to them, their routes, and where client ids are. May be called from any thread. Three stand
 * behind this port: {@code HazelcastCluster}, {@code MemoryCluster} (for tests) and {@code NoCluster} (a node that is alone).
 *
 * <p>No promise rests on it (docs/cluster.md): all that it says may be late or missing, and PostgreSQL decides.
 */
public interface Cluster {
    /** Peers have numbers below this one, for masks in a {@code long}. */
    int SLOTS = Long.SIZE;

    /** A filter leads to subscribers that are served at once. */
    int DIRECT = 1;

    /** A filter leads to stored sessions that follow the log. */
    int LOGGED = 2;

    /** How others reach this node, as its row in the database says it. */
    record Addresses(String host, int linkPort, int memberPort) {}

    /** A live node: how it is linked to, and {@code host:port} of its Hazelcast member. */
    record Node(Peer peer, String memberAddress) {}

    /** What the node does for its cluster. Calls about one peer come one after the other, on any thread. */
    interface Listener {
        /** What is told to the peer from now on arrives. Its slot is its own until {@link #gone}. */
        void linked(int slot, Peer peer);

        /** What is told to the peer is lost. {@code refused}: nobody listens at its address any more. */
        void unlinked(int slot, Peer peer, boolean refused);

        /** The peer's own stream to us is there (again): a chain of forwards begins. */
        void heard(Peer peer);

        /** The peer's stream to us broke: forwards may be missing. */
        void silent(Peer peer);

        /** {@link Cluster#isSlow} has ended for a peer. */
        default void room() {}

        /** Whether too much of what was told waits here: peers are slowed down, at most for 2 s. */
        default boolean isBehind() {
            return false;
        }

        /** The peer was let go ({@link #nodes}): its routes are forgotten, its slot is free. */
        void gone(int slot, Peer peer);

        /** The peer's subscribers behind a filter: {@link Cluster#DIRECT} and {@link Cluster#LOGGED}, 0 = none any more. */
        void route(int slot, String filter, int flags);

        void told(Peer from, Buffer body);

        Future<Buffer> asked(Peer from, Buffer body);

        /** All filters with subscribers here and their flags; changes at the same time may be in it or not. For snapshots. */
        void forEachOwnRoute(RouteConsumer each);

        /** All routes that {@link #route} has left with the peer in the slot. What a snapshot doesn't have is taken away again. */
        void forEachRoute(int slot, RouteConsumer each);

        /** Hazelcast has come together again after a split: client ids must be taken again. */
        void merged();

        /** Hazelcast saw the member go: look whether the node is dead. */
        void suspected(Peer peer);
    }

    interface RouteConsumer {
        void accept(String filter, int flags);
    }

    /** Opens the ports; what is needed for {@code Leases.register}. The listener is told nothing before {@link #join}. */
    Future<Addresses> open(Listener listener);

    /** Joins: this node is registered, and these are the live ones (itself among them or not). Completes when Hazelcast runs. */
    Future<Void> join(Peer self, byte[] secret, Collection<Node> nodes);

    /** The nodes that are alive now: links to new ones are made, those that are missing are let go. */
    void nodes(Collection<Node> nodes);

    /** Those of the live peers that are not linked both ways, or whose routes are not loaded. Empty: this node may serve clients. */
    Set<Peer> missing();

    /** The incarnations that are linked (our stream to them stands). */
    List<Peer> linked();

    /**
     * The link to a live peer.
     *
     * @param isUp whether our stream to it stands
     * @param lagMillis how long what is told to it waits until the socket has taken it
     */
    record LinkState(Peer peer, boolean isUp, long waitingBytes, long lagMillis) {}

    /** The links to all live peers, for those who watch them. */
    default List<LinkState> links() {
        return linked().stream().map(peer -> new LinkState(peer, true, 0, 0)).toList();
    }

    /** Sends to the peer in the slot; false when it was not sent (link down, or too much waits). */
    boolean tell(int slot, Buffer body);

    /** The same for what its senders can hold back; they should, while the peer {@link #isSlow}. */
    default boolean tellPaced(int slot, Buffer body) {
        return tell(slot, body);
    }

    /** Whether too much of what was told paced waits for the peer; never for long when it takes none of it. */
    default boolean isSlow(int slot) {
        return false;
    }

    /** Links that are made from now on have this certificate (PEM), which was found good; where links have TLS. Those that stand stay. */
    default Future<Void> renewTls(Buffer certificate, Buffer key, Buffer authorities) {
        return Future.succeededFuture();
    }

    /** Asks a node; fails when it is not linked, does not answer in time, or says no. */
    Future<Buffer> ask(long incarnation, Buffer body, long timeoutMillis);

    /** This node's flags for a filter have changed. Calls for one filter must come in order. */
    void routeChanged(String filter, int flags);

    /** Completes when every live peer has applied all changes that were made before this call; may take as long as a peer's lease. */
    Future<Void> routesApplied();

    /** The same of one peer; fails when it is not among the live ones. */
    Future<Void> routesApplied(long incarnation);

    /**
     * Where a client id was.
     *
     * @param number above all earlier ones of the id
     * @param at the live node that took it last, if another one
     * @param ended the node that took it last, if it isn't live: others may have had the id before
     * @param whole whether all live nodes share the map; else some have ids that it doesn't show
     */
    record Taken(long number, OptionalLong at, OptionalLong ended, boolean whole) {}

    /** Notes that the client id is connected here now. Fails when Hazelcast does not answer within 500 ms. */
    Future<Taken> takeClientId(String clientId);

    /** The connection is gone; does nothing when the id was taken anew. Failures are of no consequence. */
    void leaveClientId(String clientId, long number);

    /**
     * Another node took the id with the number {@code taken}, and in vain: the connection here, which has {@code number}, stays. The id is noted here
     * again, unless it was taken anew. Failures are of no consequence.
     */
    void keepClientId(String clientId, long taken, long number);

    /**
     * The node that coordinates a group: this one, if none does. Not more than a hint: the claim of a stored group decides.
     */
    Future<Long> coordinator(String group);

    /** This node no longer coordinates the group. */
    void leaveGroup(String group);

    Future<Void> close();
}
