package io.tuskmq.storage;

import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/** Which node processes exist, until when, and which lanes they write (I4). */
public interface Leases {
    /** A lane as leased: its number and the last id committed in it. */
    record Lane(int laneId, long head, long incarnation) {}

    /** A registered process: a new incarnation at each start. */
    record Lease(long incarnation, List<Lane> lanes) {}

    /** Where other nodes reach this one: its links, and its member of the cluster. */
    record Address(String linkHost, int linkPort, int memberPort) {}

    /** A registered process whose lease is valid; it is alone when it has no address. */
    record LiveNode(long incarnation, String name, Optional<Address> address) {}

    /**
     * A lane as the database has it.
     *
     * @param owner the incarnation that leased it, 0 = none
     * @param last the head after the last batch that put messages in the log: who has heard of the lane up to there misses nothing
     */
    record LaneState(int laneId, long owner, long head, long last) {}

    /**
     * What a heartbeat brings back, all from one snapshot that is newer than the renewal.
     *
     * @param heads of all lanes
     * @param lanes all lanes, lane 1 first, none left out
     * @param nodes all with a valid lease, this one included, in the order of their incarnations
     */
    record Heartbeat(LaneVector heads, List<LaneState> lanes, List<LiveNode> nodes) {}

    /**
     * A process whose lease is valid.
     *
     * @param leaseUntilMicros by the database's clock: later from look to look while the process runs
     */
    record Namesake(long incarnation, long leaseUntilMicros) {}

    /** The processes that are registered under that name, and whose lease is valid: first the one that registered first. */
    Future<List<Namesake>> namesakes(String nodeName);

    /**
     * The same as {@link #release} for every earlier process of that name: names are unique, so a process that starts under one, and
     * has seen that their leases don't move, knows that the others have ended, before their leases do. One that runs all the same is fenced.
     */
    Future<Void> endNamesakes(String nodeName);

    /** Whether another process is registered under that name, and its lease is valid. */
    Future<Boolean> hasNamesake(String nodeName, long notThisIncarnation);

    /**
     * Registers this process and leases {@code lanes} free lanes, creating lanes when there are too few.
     *
     * @param address where other nodes reach it; empty when it is alone
     */
    Future<Lease> register(String nodeName, int lanes, long leaseMillis, Optional<Address> address);

    /** Registers a process that is alone. */
    default Future<Lease> register(String nodeName, int lanes, long leaseMillis) {
        return register(nodeName, lanes, leaseMillis, Optional.empty());
    }

    /**
     * Prolongs the lease; also raises the heads of ownerless lanes to now, so that cursors stay close to it. Fails FENCED when the
     * lease was revoked.
     */
    Future<Heartbeat> renew(long incarnation, long leaseMillis);

    /**
     * The same as {@link #release} for another node, whether its lease has ended or not, on the word of this one, whose own lease must
     * be valid: of two nodes that revoke each other one wins. When the future completes, the other one can write nothing any more and its
     * lanes are free; of many thousands of sessions the last ones may go offline a little later. Fails FENCED when this one was revoked, TRANSIENT when its lease has run
     * out and nobody has revoked it yet.
     *
     * @return false when the other one was gone already
     */
    Future<Boolean> revoke(long me, long victim);

    /** The 32 bytes that all nodes on this database know and nobody else. */
    Future<byte[]> secret();

    /** Gives everything back: lanes free, remaining sessions offline (their expiry starts), their wills due, node gone. */
    Future<Void> release(long incarnation);

    /**
     * The same as {@link #release} for every node whose lease has ended, by the database's clock.
     *
     * @return the incarnations that were ended
     */
    Future<List<Long>> endExpired();
}
