package io.tuskmq.node.cluster;

/** This node could not join the others in time; the message names them. */
public final class JoinException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    JoinException(String message) {
        super(message);
    }
}
