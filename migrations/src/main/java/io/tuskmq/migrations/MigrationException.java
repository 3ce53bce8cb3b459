package io.tuskmq.migrations;

import org.jspecify.annotations.Nullable;

/** Why the schema could not be brought up to date; the message is a sentence for the user. */
public final class MigrationException extends RuntimeException {
    /** What the caller may do about it. */
    public enum Kind {
        /** No connection to the database: try again later. */
        UNREACHABLE,
        /** The schema is newer than this build knows: run a newer build. */
        NEWER_SCHEMA,
        /** It will fail again in the same way. */
        FAILED
    }

    private static final long serialVersionUID = 1L;
    private final Kind kind;

    MigrationException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
