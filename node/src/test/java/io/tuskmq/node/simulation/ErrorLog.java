package io.tuskmq.node.simulation;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What the broker logs while a simulation runs: kept from the console; an error is a violation, with what follows it. */
final class ErrorLog implements AutoCloseable {
    private static final int KEPT_MAX = 6_000;

    private final PrintStream before = System.err;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private final StringBuilder error = new StringBuilder();
    private final @Nullable PrintStream shown = Boolean.getBoolean("simulation.log") ? System.out : null;

    ErrorLog() {
        System.setErr(new PrintStream(
                new OutputStream() {
                    @Override
                    public void write(int b) {
                        take(b);
                    }
                },
                false,
                StandardCharsets.UTF_8));
    }

    private void take(int b) {
        if (b != '\n') {
            line.write(b);
            return;
        }
        String text = line.toString(StandardCharsets.UTF_8);
        line.reset();
        if (shown != null) {
            shown.println(text);
        }
        if ((error.length() > 0 || text.contains("ERROR")) && error.length() < KEPT_MAX) {
            error.append(text).append('\n');
        }
    }

    void rethrow() {
        Ledger.check(error.length() == 0, "the broker logged an error: " + error);
    }

    @Override
    public void close() {
        System.setErr(before);
    }
}
