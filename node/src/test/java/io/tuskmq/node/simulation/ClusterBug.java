package io.tuskmq.node.simulation;

/** Mistakes that can be planted around a cluster's nodes: the simulation must find each of them. */
enum ClusterBug {
    NONE(0),
    /** An append doesn't look who owns the lane (I4). */
    APPEND_WITHOUT_FENCE(11),
    /** A checkpoint, a release or a receipt of an ended node is taken: the epoch is not compared (I3, I4). */
    RECEIPT_OF_ANY_EPOCH(5),
    /** A frame that could not be sent does not break the lane's chain, and heartbeats don't say where a lane is (I2). */
    GAP_NOT_NOTICED(1),
    /** A node says that its routes are everywhere before they are (I2, I7). */
    ROUTES_NOT_AWAITED(3),
    /** A will is published and stays (I8). */
    WILL_NOT_CONSUMED(1),
    /** A node serves on when its lease is over (I5). */
    SERVES_AFTER_LEASE(165),
    /** A node that was revoked keeps its clients (I5). */
    SERVES_AFTER_REVOKE(9),
    /** Nobody is asked to let go of a client id (I5). */
    NOBODY_LETS_GO(1),
    /** What the map of client ids says is believed, whoever wrote it and whoever misses in it (I5). */
    MAP_IS_BELIEVED(74),
    /** A node serves again before the others know that it is back (I5). */
    BACK_TOO_EARLY(304),
    /** A member takes a QoS 2 message over whatever epoch its group is in by now (I3). */
    TAKE_OF_ANY_EPOCH(2278),
    /** A group that is opened doesn't ask what its members have taken over (I3). */
    TAKEN_NOT_ASKED_FOR(85),
    /** Clean members begin a group in memory while its stored session has the same messages (I3). */
    STORED_GROUP_OVERLOOKED(23),
    /** The coordinator is not told that a member of another node has gone (I2). */
    PARTING_NOT_TOLD(1);

    private final long foundBy;

    ClusterBug(long foundBy) {
        this.foundBy = foundBy;
    }

    /** The seed that found it last: tried first. A change of the code may take another way. */
    long foundBy() {
        return foundBy;
    }
}
