package io.tuskmq.node.simulation;

/** Mistakes that can be planted around a cluster's nodes: the simulation must find each of them. */
enum ClusterBug {
    NONE,
    /** An append doesn't look who owns the lane (I4). */
    APPEND_WITHOUT_FENCE,
    /** A checkpoint, a release or a receipt of an ended node is taken: the epoch is not compared (I3, I4). */
    RECEIPT_OF_ANY_EPOCH,
    /** A frame that could not be sent does not break the lane's chain, and heartbeats don't say where a lane is (I2). */
    GAP_NOT_NOTICED,
    /** A node says that its routes are everywhere before they are (I2, I7). */
    ROUTES_NOT_AWAITED,
    /** A will is published and stays (I8). */
    WILL_NOT_CONSUMED,
    /** A node serves on when its lease is over (I5). */
    SERVES_AFTER_LEASE,
    /** A node that was revoked keeps its clients (I5). */
    SERVES_AFTER_REVOKE,
    /** Nobody is asked to let go of a client id (I5). */
    NOBODY_LETS_GO,
    /** What the map of client ids says is believed, whoever wrote it and whoever misses in it (I5). */
    MAP_IS_BELIEVED,
    /** A node serves again before the others know that it is back (I5). */
    BACK_TOO_EARLY,
    /** A member takes a QoS 2 message over whatever epoch its group is in by now (I3). */
    TAKE_OF_ANY_EPOCH,
    /** A group that is opened doesn't ask what its members have taken over (I3). */
    TAKEN_NOT_ASKED_FOR,
    /** Clean members begin a group in memory while its stored session has the same messages (I3). */
    STORED_GROUP_OVERLOOKED,
    /** The coordinator is not told that a member of another node has gone (I2). */
    PARTING_NOT_TOLD
}
