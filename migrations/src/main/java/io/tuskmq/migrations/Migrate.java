package io.tuskmq.migrations;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationState;
import org.flywaydb.core.api.MigrationVersion;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.flywaydb.core.internal.exception.FlywaySqlException;
import org.flywaydb.database.postgresql.PostgreSQLConfigurationExtension;

/** Brings the schema up to what this build knows. Any number of nodes may call it at once: they wait for one another. */
public final class Migrate {
    /** How many migrations were run, and the version the schema has now. */
    public record Result(int applied, String version) {}

    private Migrate() {}

    /**
     * Blocks until the schema is current.
     *
     * @throws MigrationException with a sentence for the user; nothing was changed when the schema is newer
     */
    public static Result run(DatabaseUrl url) {
        return run(url.jdbcUrl(), url.user(), url.password());
    }

    /** The same for a JDBC URL. */
    public static Result run(String jdbcUrl, String user, String password) {
        FluentConfiguration configuration = Flyway.configure(Migrate.class.getClassLoader())
                .dataSource(jdbcUrl, user, password)
                .locations("classpath:db/migration")
                .failOnMissingLocations(true)
                .validateMigrationNaming(true)
                .cleanDisabled(true);
        // The lock is the session's: an index that is made CONCURRENTLY would wait for the lock's transaction.
        configuration
                .getConfigurationExtension(PostgreSQLConfigurationExtension.class)
                .setTransactionalLock(false);
        Flyway flyway = configuration.load();
        try {
            refuseNewer(flyway);
            forgetFailed(flyway);
            int applied = flyway.migrate().migrationsExecuted;
            // A newer build may have come first while we waited for Flyway's lock.
            refuseNewer(flyway);
            return new Result(applied, String.valueOf(flyway.info().current().getVersion()));
        } catch (FlywaySqlException e) {
            if (isConnectionFailure(e)) {
                throw new MigrationException(
                        MigrationException.Kind.UNREACHABLE, "the database can't be reached: " + rootMessage(e), e);
            }
            throw new MigrationException(
                    MigrationException.Kind.FAILED, "the schema could not be migrated: " + rootMessage(e), e);
        } catch (FlywayException e) {
            throw new MigrationException(
                    MigrationException.Kind.FAILED, "the schema could not be migrated: " + rootMessage(e), e);
        }
    }

    /**
     * A failed migration leaves a row only when it is none of a transaction; each of those begins by removing what an earlier try left, so
     * it is simply tried again.
     */
    private static void forgetFailed(Flyway flyway) {
        if (Arrays.stream(flyway.info().all()).noneMatch(m -> m.getState() == MigrationState.FAILED)) {
            return;
        }
        try (Connection connection = flyway.getConfiguration().getDataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.executeUpdate("DELETE FROM flyway_schema_history WHERE NOT success");
        } catch (SQLException e) {
            throw new FlywaySqlException("what failed before could not be tried again", e);
        }
    }

    private static void refuseNewer(Flyway flyway) {
        MigrationInfo[] all = flyway.info().all();
        MigrationVersion known = Arrays.stream(all)
                .filter(m -> !isFuture(m) && m.getVersion() != null)
                .map(MigrationInfo::getVersion)
                .max(MigrationVersion::compareTo)
                .orElse(MigrationVersion.EMPTY);
        Arrays.stream(all)
                .filter(m -> isFuture(m) && m.getVersion() != null)
                .map(MigrationInfo::getVersion)
                .max(MigrationVersion::compareTo)
                .ifPresent(newest -> {
                    throw new MigrationException(
                            MigrationException.Kind.NEWER_SCHEMA,
                            "the database's schema has version " + newest + ", this build knows up to version " + known
                                    + ": start a newer build of TuskMQ",
                            null);
                });
    }

    private static boolean isFuture(MigrationInfo m) {
        return switch (m.getState()) {
            case FUTURE_SUCCESS, FUTURE_FAILED -> true;
            default -> false;
        };
    }

    private static boolean isConnectionFailure(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof java.sql.SQLException sql && sql.getSQLState() != null) {
                // Class 08: no connection; 57P03: starting up or shutting down; 53300: too many connections.
                String state = sql.getSQLState();
                return state.startsWith("08")
                        || state.equals("57P03")
                        || state.equals("57P01")
                        || state.equals("53300");
            }
        }
        return false;
    }

    private static String rootMessage(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage()).lines().findFirst().orElse("no reason given");
    }
}
