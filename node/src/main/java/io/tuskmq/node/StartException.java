package io.tuskmq.node;

import org.jspecify.annotations.Nullable;

/** A start that can't go on: one sentence for the user and the code to exit with. */
public final class StartException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final ExitCode exitCode;

    public StartException(ExitCode exitCode, String sentence) {
        this(exitCode, sentence, null);
    }

    public StartException(ExitCode exitCode, String sentence, @Nullable Throwable cause) {
        super(sentence, cause);
        this.exitCode = exitCode;
    }

    public ExitCode exitCode() {
        return exitCode;
    }

    /** The message, never null. */
    public String sentence() {
        return String.valueOf(getMessage());
    }
}
