package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.process.cluster.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The embedded PostgreSQL as a part of a process: restarts, kills, and who owns the directory. */
class EmbeddedDatabaseProcessTest {
    private static final Duration STOPPED = Duration.ofSeconds(20);

    @TempDir
    Path dir;

    /** Only what a killed node of this test left behind: a postmaster that works in this test's directory. */
    @AfterEach
    void endWhatIsLeft() throws IOException {
        for (ProcessHandle left : postgres()) {
            left.destroyForcibly();
            left.onExit().join();
        }
    }

    @Test
    void whatWasCommittedSurvivesStopsAndKillsOfEitherAndBoth() throws Exception {
        try (NodeProcess node = NodeProcess.start(dir)) {
            node.awaitReady();
            execute("CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1)");
            node.process().destroy();
            assertEquals(0, node.awaitExit(), node.log());
            awaitNoPostgres();
            assertTrue(node.log().contains("for development and single machines"), node.log());
        }
        ProcessHandle orphan;
        try (NodeProcess node = NodeProcess.start(dir)) {
            node.awaitReady();
            orphan = postmaster();
            execute("INSERT INTO kept VALUES (2)");
            node.process().destroyForcibly();
            node.awaitExit();
            assertTrue(
                    postgres().contains(orphan),
                    "it outlives a killed node: that is what the next start must cope with");
        }
        try (NodeProcess node = NodeProcess.start(dir)) {
            node.awaitReady();
            assertFalse(postgres().contains(orphan), "the orphan was stopped");
            assertTrue(node.log().contains("pid=" + orphan.pid() + " was left running"), node.log());
            execute("INSERT INTO kept VALUES (3)");
            node.process().destroyForcibly();
            postmaster().destroyForcibly();
            node.awaitExit();
        }
        try (NodeProcess node = NodeProcess.start(dir)) {
            node.awaitReady();
            assertEquals("1 2 3", query("SELECT string_agg(n::text, ' ' ORDER BY n) FROM kept"));
            node.process().destroy();
            assertEquals(0, node.awaitExit(), node.log());
        }
        awaitNoPostgres();
    }

    @Test
    void commitsAreDurableWhateverTheConfigurationFileSays() throws Exception {
        try (NodeProcess node = NodeProcess.start(dir)) {
            node.awaitReady();
            node.process().destroy();
            node.awaitExit();
        }
        Files.writeString(
                dir.resolve("data/data/postgresql.auto.conf"),
                "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n");
        try (NodeProcess node = NodeProcess.start(dir)) {
            node.awaitReady();
            for (String setting : List.of("fsync", "synchronous_commit", "full_page_writes")) {
                assertEquals("on", query("SHOW " + setting), setting);
            }
            node.process().destroy();
            node.awaitExit();
        }
    }

    @Test
    void aSecondStartOnADirectoryInUseIsRefusedWithCode5AndTheFirstGoesOn() throws Exception {
        try (NodeProcess first = NodeProcess.start(dir)) {
            first.awaitReady();
            try (NodeProcess second = NodeProcess.start(dir)) {
                assertEquals(5, second.awaitExit(), second.log());
                assertTrue(
                        second.log()
                                .contains("is in use by another TuskMQ (process "
                                        + first.process().pid() + ")"),
                        second.log());
                assertFalse(second.log().contains("\tat "), second.log());
            }
            assertEquals("1", query("SELECT 1"));
            first.process().destroy();
            assertEquals(0, first.awaitExit(), first.log());
        }
    }

    @Test
    void aKilledPostgresIsStartedAgainOnTheSamePort() throws Exception {
        try (NodeProcess node = NodeProcess.start(dir)) {
            node.awaitReady();
            String url = jdbcUrl();
            ProcessHandle first = postmaster();
            execute("CREATE TABLE kept (n int)");
            first.destroyForcibly();
            first.onExit().get(30, TimeUnit.SECONDS);
            node.awaitLog("PostgreSQL died: starting it again");
            node.awaitLog("embedded PostgreSQL runs again");
            assertEquals(url, jdbcUrl());
            assertEquals("0", query("SELECT count(*) FROM kept"));
            node.process().destroy();
            assertEquals(0, node.awaitExit(), node.log());
        }
        awaitNoPostgres();
    }

    @Test
    void aStrangerWithTheProcessIdOfAKilledPostgresIsLeftAlone() throws Exception {
        try (NodeProcess node = NodeProcess.start(dir)) {
            node.awaitReady();
            node.process().destroy();
            node.awaitExit();
        }
        Path pidFile = dir.resolve("data/data/postmaster.pid");
        Process stranger = new ProcessBuilder("sleep", "600").start();
        try {
            Files.writeString(pidFile, stranger.pid() + "\n" + dir.resolve("data/data") + "\n1\n5432\n\n127.0.0.1\n\n");
            try (NodeProcess node = NodeProcess.start(dir)) {
                node.awaitReady();
                assertTrue(stranger.isAlive());
                node.process().destroy();
                assertEquals(0, node.awaitExit(), node.log());
            }
        } finally {
            stranger.destroyForcibly();
            stranger.waitFor();
        }
    }

    private String query(String sql) throws SQLException, IOException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private void execute(String... statements) throws SQLException, IOException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private Connection connect() throws SQLException, IOException {
        String password = Files.readString(dir.resolve("data/password")).strip();
        return DriverManager.getConnection(jdbcUrl(), "tuskmq", password);
    }

    private String jdbcUrl() throws IOException {
        return "jdbc:postgresql://127.0.0.1:" + pidFile().get(3).strip() + "/postgres";
    }

    private ProcessHandle postmaster() throws IOException {
        return ProcessHandle.of(Long.parseLong(pidFile().getFirst().strip())).orElseThrow();
    }

    private List<String> pidFile() throws IOException {
        return Files.readAllLines(dir.resolve("data/data/postmaster.pid"));
    }

    /** Its log collector ends on its own, a moment after the postmaster. */
    private void awaitNoPostgres() throws IOException {
        Path data = data();
        Await.until(
                "PostgreSQL was stopped with its node",
                STOPPED,
                () -> postgresIn(data).isEmpty());
    }

    private Path data() throws IOException {
        return dir.toRealPath().resolve("data/data");
    }

    /** All processes that work in this test's data directory. */
    private List<ProcessHandle> postgres() throws IOException {
        return postgresIn(data());
    }

    private static List<ProcessHandle> postgresIn(Path data) {
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            return all.filter(p -> worksIn(p, data)).toList();
        }
    }

    private static boolean worksIn(ProcessHandle process, Path data) {
        try {
            return Files.readSymbolicLink(Path.of("/proc", Long.toString(process.pid()), "cwd"))
                    .equals(data);
        } catch (IOException e) {
            return false;
        }
    }
}
