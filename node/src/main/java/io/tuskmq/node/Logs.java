package io.tuskmq.node;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import org.slf4j.LoggerFactory;

/** The process's own log ({@code logback.xml}): lines are written by a thread of their own, so the last ones must be waited for. */
final class Logs {
    private static final String OURS = "io.tuskmq";

    private Logs() {}

    /** @param level {@code ERROR}, {@code WARN}, {@code INFO} or {@code DEBUG}; libraries keep theirs */
    static void level(String level) {
        context().getLogger(OURS).setLevel(Level.valueOf(level));
    }

    /** Writes what waits, at most a second long. Nothing is logged after it. */
    static void writeOut() {
        context().stop();
    }

    private static LoggerContext context() {
        return (LoggerContext) LoggerFactory.getILoggerFactory();
    }
}
