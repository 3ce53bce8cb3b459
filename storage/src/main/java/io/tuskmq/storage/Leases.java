package io.tuskmq.storage;

import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Future;
import java.util.List;

/** Which node processes exist, until when, and which lanes they write (I4). */
public interface Leases {
    /** A lane as leased: its number and the last id committed in it. */
    record Lane(int laneId, long head, long incarnation) {}

    /** A registered process: a new incarnation at each start. */
    record Lease(long incarnation, List<Lane> lanes) {}

    /** What a heartbeat brings back: the heads of all lanes (indexed by lane - 1). */
    record Heartbeat(LaneVector heads) {}

    /**
     * The same as {@link #release} for every earlier process of that name: names are unique, so a process that starts under one knows
     * that the others have ended, before their leases do. One that runs all the same is fenced.
     */
    Future<Void> endNamesakes(String nodeName);

    /** Registers this process and leases {@code lanes} free lanes, creating lanes when there are too few. */
    Future<Lease> register(String nodeName, int lanes, long leaseMillis);

    /**
     * Prolongs the lease; also raises the heads of ownerless lanes to now, so that cursors stay close to it. Fails FENCED when the
     * lease was revoked.
     */
    Future<Heartbeat> renew(long incarnation, long leaseMillis);

    /** Gives everything back: lanes free, remaining sessions offline (their expiry starts), their wills due, node gone. */
    Future<Void> release(long incarnation);

    /**
     * The same as {@link #release} for every node whose lease has ended, by the database's clock.
     *
     * @return the incarnations that were ended
     */
    Future<List<Long>> endExpired();
}
