package io.tuskmq.node.session;

/**
 * When a publisher's socket is not read because its messages find no room: here, or on the way to a node that is slow. Lives on the session's
 * event loop.
 */
final class PublisherRest {
    private final SessionRunner publisher;
    private final Router router;
    private boolean resting;
    /** Those that its last message before the rest went to. */
    private long nodes;

    PublisherRest(SessionRunner publisher, Router router) {
        this.publisher = publisher;
        this.router = router;
    }

    /**
     * A message was published.
     *
     * @param noRoomHere the next one would find none on this node
     * @param to the nodes that it goes to
     */
    void published(boolean noRoomHere, long to) {
        if (!resting && (noRoomHere || router.isSlow(to))) {
            resting = true;
            nodes = to;
            publisher.connection().pauseReading();
            publisher.shard().waits(publisher);
        }
    }

    /** There may be room again. */
    void look(boolean noRoomHere) {
        if (!resting) {
            return;
        }
        if (noRoomHere || router.isSlow(nodes)) {
            publisher.shard().waits(publisher);
        } else {
            resting = false;
            publisher.connection().resumeReading();
        }
    }
}
