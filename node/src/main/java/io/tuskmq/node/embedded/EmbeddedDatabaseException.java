package io.tuskmq.node.embedded;

import org.jspecify.annotations.Nullable;

/** The embedded PostgreSQL can't be used; the message is a sentence for the user. */
public final class EmbeddedDatabaseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public EmbeddedDatabaseException(String sentence) {
        this(sentence, null);
    }

    public EmbeddedDatabaseException(String sentence, @Nullable Throwable cause) {
        super(sentence, cause);
    }
}
