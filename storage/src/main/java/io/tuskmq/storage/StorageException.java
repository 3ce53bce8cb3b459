package io.tuskmq.storage;

import org.jspecify.annotations.Nullable;

/** The one failure of this module: what kind it is decides what the caller may do. */
public final class StorageException extends RuntimeException {
    /** What the caller may do about it. */
    public enum Kind {
        /** The database is away or busy: nothing is known to be wrong, try again later. */
        TRANSIENT,
        /** A limit of this module's queues was reached: refuse or wait. */
        OVERLOADED,
        /** This node (or this session's owner) lost its right to write: it must stop. */
        FENCED,
        /** It will fail again in the same way: a fault of ours or of the installation. */
        PERMANENT
    }

    private static final long serialVersionUID = 1L;
    private final Kind kind;

    public StorageException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** Whether the same call may succeed later. */
    public boolean isPassing() {
        return kind == Kind.TRANSIENT || kind == Kind.OVERLOADED;
    }

    public Kind kind() {
        return kind;
    }
}
