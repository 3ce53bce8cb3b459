package io.tuskmq.load.scenario;

import io.tuskmq.load.measure.Database;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that says where the broker's PostgreSQL is, for scenarios that look into it. */
final class DatabaseOptions {
    @Option(
            names = "--database.url",
            paramLabel = "URL",
            description =
                    "The broker's PostgreSQL, postgresql://user:password@host:port/database; yardsticks make their table there, and"
                            + " drop it. With --start-tuskmq it is known.")
    @Nullable
    String databaseUrl;

    private @Nullable String jdbcUrl;

    /** Throws IllegalArgumentException with a sentence when {@code option} needs a database and none will be known. */
    void check(String option, boolean isNeeded, TargetOptions targets) {
        if (isNeeded && databaseUrl == null && !targets.startTuskmq) {
            throw new IllegalArgumentException(option + " needs --database.url or --start-tuskmq");
        }
        jdbcUrl = databaseUrl == null ? null : StartedBroker.jdbcUrl(databaseUrl);
    }

    void started(String url) {
        jdbcUrl = url;
    }

    @Nullable
    String jdbcUrl() {
        return jdbcUrl;
    }

    Optional<Database> database() {
        return Optional.ofNullable(jdbcUrl).map(Database::new);
    }
}
