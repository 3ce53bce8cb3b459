package io.tuskmq.node.embedded;

import io.zonky.test.db.postgres.util.LinuxUtils;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs initdb, pg_ctl and postgres. They refuse to run as root, so then they run in a user namespace where they aren't. */
final class PostgresPrograms {
    private final Path bin;

    PostgresPrograms(Path programs) {
        this.bin = programs.resolve("bin");
    }

    /** The major version of the programs, for example 18. */
    String majorVersion() throws IOException {
        // "postgres (PostgreSQL) 18.6"
        String version = run("postgres", List.of("--version"));
        return version.replaceAll("(?s)^\\D*(\\d+).*$", "$1");
    }

    /**
     * Runs one to its end and returns what it printed.
     *
     * @throws EmbeddedDatabaseException with what it printed, when it failed
     */
    String run(String program, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        if (LinuxUtils.isUnshareAvailable()) {
            command.addAll(List.of("unshare", "-U"));
        }
        command.add(bin.resolve(program).toString());
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        // PGDATA, PGPORT, PGOPTIONS … of the user's shell are about another server.
        builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        try {
            if (process.waitFor() != 0) {
                throw new EmbeddedDatabaseException(program + " failed: " + output.replaceAll("\\s*\\R\\s*", " / "));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EmbeddedDatabaseException("Interrupted while " + program + " ran.", e);
        }
        return output;
    }
}
