package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The command line as a process: exit codes, what is said where, signals. */
@ExtendWith(PostgresExtension.class)
class MainTest {
    @TempDir
    Path dir;

    @Test
    void printsItsVersion() throws Exception {
        try (NodeProcess p = NodeProcess.run(dir, "version")) {
            assertEquals(0, p.awaitExit(), p.log());
            assertTrue(p.output().getFirst().matches("tuskmq \\d+\\.\\d+\\.\\d+.*"));
        }
    }

    @Test
    void helpTellsCommandsSettingsAndExitCodes() throws Exception {
        try (NodeProcess p = NodeProcess.run(dir, "start", "--help")) {
            assertEquals(0, p.awaitExit(), p.log());
            String help = String.join("\n", p.output());
            Settings.ALL.forEach(s -> assertTrue(help.contains("--" + s.key() + " "), s.key()));
            assertTrue(help.contains("check-config") && help.contains("Exit codes:"), help);
        }
    }

    @Test
    void wrongCommandsAndSettingsEndWithCode2AndNoStackTrace() throws Exception {
        for (List<String> arguments : List.<List<String>>of(
                List.of(),
                List.of("run"),
                List.of("version", "--mqtt.port=1"),
                List.of("start", "--mqtt.port=70000"),
                List.of("migrate", "--database.ulr", "x"),
                List.of("check-config", "--config", "none.yaml"))) {
            try (NodeProcess p = NodeProcess.run(dir, arguments.toArray(String[]::new))) {
                assertEquals(2, p.awaitExit(), arguments + p.log());
                assertEquals(List.of(), p.output());
                assertFalse(p.log().isBlank() || p.log().contains("\tat "), p.log());
            }
        }
    }

    @Test
    void checkConfigPrintsSettingsWithoutThePassword() throws Exception {
        try (NodeProcess p = NodeProcess.run(
                dir,
                Map.of("TUSKMQ_LOG_LANES", "4"),
                "check-config",
                "--database.url=postgresql://me:geheim@db.example:5433/mq")) {
            assertEquals(0, p.awaitExit(), p.log());
            List<String> output = p.output();
            assertTrue(output.contains("log.lanes: 4"), output.toString());
            assertTrue(output.contains("database.url: postgresql://me@db.example:5433/mq"), output.toString());
            assertFalse(output.toString().contains("geheim"));
        }
    }

    @Test
    void aDatabaseThatCanNotBeReachedIsTriedAgainUntilTheLimitThenCode3() throws Exception {
        int nobody;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = socket.getLocalPort();
        }
        try (NodeProcess p = NodeProcess.run(
                dir,
                "start",
                "--mqtt.port=0",
                "--http.port=0",
                "--cluster.port=off",
                "--database.start-timeout-seconds=10",
                "--database.url=postgresql://me:geheim@127.0.0.1:" + nobody + "/mq")) {
            assertEquals(3, p.awaitExit(), p.log());
            assertTrue(p.log().contains("trying again"), p.log());
            assertTrue(p.log().contains("could not be reached within 10 s (database.start-timeout-seconds)"), p.log());
            assertFalse(p.log().contains("geheim") || p.log().contains("\tat "), p.log());
        }
    }

    @Test
    void aSignalWhileWaitingForTheDatabaseEndsTheStart() throws Exception {
        try (NodeProcess p = NodeProcess.run(
                dir,
                "start",
                "--mqtt.port=0",
                "--http.port=0",
                "--cluster.port=off",
                "--database.url=postgresql://me@127.0.0.1:1/mq")) {
            p.awaitLog("trying again");
            p.process().destroy();
            assertEquals(0, p.awaitExit(), p.log());
            assertEquals(List.of(), p.output());
        }
    }

    @Test
    void aDatabaseThatRefusesUsEndsWithCode4(TestDatabase database) throws Exception {
        try (NodeProcess p =
                NodeProcess.run(dir, "migrate", "--database.url=" + database.urlString() + "_is_not_there")) {
            assertEquals(4, p.awaitExit(), p.log());
            assertTrue(p.log().contains("_is_not_there"), p.log());
            assertFalse(p.log().contains("\tat "), p.log());
        }
    }

    @Test
    void migratesThenStartsOnAGivenDatabaseAndStopsOnSigterm(TestDatabase database) throws Exception {
        String url = "--database.url=" + database.urlString();
        try (NodeProcess p = NodeProcess.run(dir, "migrate", url)) {
            assertEquals(0, p.awaitExit(), p.log());
            assertTrue(p.output().getFirst().startsWith("schema version="));
        }
        try (NodeProcess p = NodeProcess.run(
                dir,
                "start",
                "--mqtt.port=0",
                "--http.port=0",
                "--mqtt.websocket.port=off",
                "--cluster.port=off",
                "--node.name=n7",
                url)) {
            String ready = p.awaitReady();
            assertTrue(ready.matches("ready mqtt=127\\.0\\.0\\.1:\\d+ http=127\\.0\\.0\\.1:\\d+ node=n7"), ready);
            p.process().destroy();
            assertEquals(0, p.awaitExit(), p.log());
            assertTrue(p.log().contains("stopped clean=true"), p.log());
        }
    }

    @Test
    void aDatabaseThatGoesAwayWhileTheNodeStartsIsWaitedFor(TestDatabase database) throws Exception {
        try (Connection other = database.connect();
                NodeProcess p = startWithout(database, other)) {
            other.commit();
            p.awaitReady();
        }
    }

    @Test
    void aSignalWhileItIsWaitedForEndsTheStart(TestDatabase database) throws Exception {
        try (Connection other = database.connect();
                NodeProcess p = startWithout(database, other)) {
            p.process().destroy();
            assertEquals(0, p.awaitExit(), p.log());
            assertTrue(p.log().contains("stopped clean=true"), p.log());
        }
    }

    /** A node that has found the schema, and then lost its connection; until the other one commits, the next try can't end. */
    private NodeProcess startWithout(TestDatabase database, Connection other) throws Exception {
        String waiting =
                "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'tuskmq'"
                        + " AND datname = current_database()";
        other.setAutoCommit(false);
        try (Statement lock = other.createStatement()) {
            lock.execute("LOCK TABLE node");
        }
        NodeProcess p = NodeProcess.run(
                dir,
                "start",
                "--mqtt.port=0",
                "--http.port=0",
                "--mqtt.websocket.port=off",
                "--cluster.port=off",
                "--database.url=" + database.urlString());
        p.awaitLog("schema version=");
        while (database.query(waiting).isEmpty()) {
            assertTrue(p.process().isAlive(), p.log());
        }
        database.query("SELECT pg_terminate_backend(pid) FROM (" + waiting + ") w (pid)");
        p.awaitLog("The database went away");
        return p;
    }

    @Test
    void aPortInUseEndsWithCode6(TestDatabase database) throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                NodeProcess p = NodeProcess.run(
                        dir,
                        "start",
                        "--http.port=0",
                        "--mqtt.websocket.port=off",
                        "--cluster.port=off",
                        "--mqtt.port=" + taken.getLocalPort(),
                        "--database.url=" + database.urlString())) {
            assertEquals(6, p.awaitExit(), p.log());
            assertTrue(p.log().contains("mqtt.port " + taken.getLocalPort()), p.log());
        }
    }
}
