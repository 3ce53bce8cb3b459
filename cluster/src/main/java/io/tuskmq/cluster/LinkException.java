package io.tuskmq.cluster;

/** Why something that was asked of a peer has no answer. */
public final class LinkException extends RuntimeException {
    /** What the caller can conclude. */
    public enum Kind {
        /** There is no connection, or it broke: the peer may have handled it or not. */
        DOWN,
        /** No answer in time: the peer may have handled it, or may still do. */
        TIMEOUT,
        /** The peer says no; the message is the peer's. */
        REMOTE,
        /** It was not sent: a limit would be passed. */
        LIMIT
    }

    private static final long serialVersionUID = 1L;
    private final Kind kind;

    public LinkException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
