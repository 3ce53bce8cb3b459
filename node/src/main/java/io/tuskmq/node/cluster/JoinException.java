package io.tuskmq.node.cluster;

/** This node could not join the others; the message says why. */
public final class JoinException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean takenForDead;

    JoinException(String message, boolean takenForDead) {
        super(message);
        this.takenForDead = takenForDead;
    }

    /** Whether another node has ended this one's lease while it joined: it may try again. */
    public boolean wasTakenForDead() {
        return takenForDead;
    }
}
