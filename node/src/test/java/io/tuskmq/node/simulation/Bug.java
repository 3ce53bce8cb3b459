package io.tuskmq.node.simulation;

/** Mistakes that can be planted around the session rules: the simulation must find each of them. */
enum Bug {
    NONE,
    /** A publish is answered when it was taken in, not when it was committed. */
    ACK_BEFORE_COMMIT,
    /** A checkpoint's cursor is that of the log, not that of what was sent. */
    CURSOR_AHEAD,
    /** A checkpoint is reported durable before it is: PUBLISH and PUBREL of QoS 2 leave too early. */
    CHECKPOINT_NOT_AWAITED,
    /** Rows that are forwarded while a page is read are thrown away. */
    JOIN_WITHOUT_BUFFER,
    /** A page's heads are read after its rows. */
    HEADS_AFTER_ROWS,
    /** QoS 2 packet ids are not stored with the message. */
    NO_RECEIPTS,
    /** The store takes checkpoints of a session that was claimed by a newer connection. */
    NO_EPOCH,
    /** Forwards of a gap are lost and nobody is told. */
    SILENT_GAP,
    /** What was in flight is not sent again after a reconnect. */
    NO_RESEND,
    /** SUBACK leaves before the subscription is stored. */
    SUBACK_BEFORE_STORED,
    /** A session relies on forwards of nodes that do not know its routes yet. */
    LIVE_BEFORE_ROUTES
}
