package io.tuskmq.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tuskmq.load.report.JsonReader;
import io.tuskmq.load.report.Tree;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program against a broker of other people: Mosquitto, where it is installed. */
final class MosquittoProcessTest {
    @TempDir
    Path directory = Path.of("");

    private int port;
    private @Nullable Process mosquitto;

    @BeforeEach
    void start() throws Exception {
        Path program = Stream.of("/usr/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/sbin/mosquitto")
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(Path.of("/none"));
        assumeTrue(Files.exists(program), "Mosquitto is not installed (Debian: apt-get install mosquitto)");
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        Path config = Files.writeString(
                directory.resolve("mosquitto.conf"),
                "listener " + port
                        + " 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 1000\nuser root\n");
        mosquitto = new ProcessBuilder(program.toString(), "-c", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("mosquitto.log").toFile())
                .start();
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!listens() && System.nanoTime() < until) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
    }

    private boolean listens() {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    @AfterEach
    void stop() throws InterruptedException {
        if (mosquitto != null) {
            mosquitto.destroy();
            mosquitto.waitFor();
        }
    }

    private Map<?, ?> run(String... words) throws Exception {
        Path json = directory.resolve(words[0] + ".json");
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--quiet", "--json", json.toString()));
        if (!words[0].equals("compare")) {
            all.addAll(List.of("-t", "127.0.0.1:" + port));
        }
        assertEquals(0, Main.run(all.toArray(String[]::new)));
        return Tree.map(JsonReader.read(Files.readString(json)));
    }

    @Test
    void carriesPairsInEachVersion() throws Exception {
        for (String version : List.of("3.1", "3.1.1", "5")) {
            Map<?, ?> report = run(
                    "pairs", "--protocol", version, "--pairs", "3", "--duration", "1", "--warm-up", "0", "--qos", "2");
            assertTrue(Tree.number(Tree.map(report, "ledger"), "delivered") > 100, report::toString);
        }
    }

    @Test
    void fillsSessionsThatAnotherRunDrains() throws Exception {
        String state = directory.resolve("state.json").toString();
        run("offline-fill", "--messages", "5000", "--fan-outs", "3", "--warm-up-messages", "0", "--state", state);
        Map<?, ?> report = run("drain", "--state", state);
        assertEquals(
                3 * 5_008.0, Tree.number(Tree.map(report, "ledger"), "delivered"), "16 publishers of 313 messages");
        // The sessions are gone now, and that is what a broker without memory looks like.
        assertEquals(
                1,
                Main.run(
                        "drain",
                        "--state",
                        state,
                        "--quiet",
                        "--settle",
                        "1",
                        "-t",
                        "127.0.0.1:" + port,
                        "--json",
                        directory.resolve("again.json").toString()));
    }

    @Test
    void letsPeopleChat() throws Exception {
        Map<?, ?> report =
                run("chat", "--users", "30", "--rooms", "5", "--rate", "50", "--duration", "3", "--moves", "10");
        assertTrue(Tree.number(Tree.map(report, "results"), "moves") > 3, report::toString);
        assertTrue(Tree.number(Tree.map(report, "ledger"), "delivered") > 100, report::toString);
    }

    @Test
    void growsWhatItKeeps() throws Exception {
        grows("sessions", 20, 60);
        grows("filters", 1_000, 2_000);
        grows("messages", 512, 1_024);
    }

    private void grows(String of, int first, int second) throws Exception {
        Map<?, ?> report = run(
                "growth",
                "--of",
                of,
                "--sizes",
                first + "," + second,
                "--messages",
                "320",
                "--duration",
                "1",
                "--pid",
                "broker=" + Objects.requireNonNull(mosquitto).pid());
        List<?> points = Tree.list(Tree.map(report, "results"), "growth");
        assertEquals(2, points.size());
        Map<?, ?> last = Tree.map(points.getLast());
        assertEquals(second, Tree.number(last, "size"));
        for (String figure : List.of(
                "grown_per_second",
                "broker_resident_bytes",
                "pairs_delivered_per_second",
                "fill_acknowledged_per_second",
                "drain_delivered_per_second")) {
            assertTrue(Tree.number(last, figure) > 0, of + ": " + figure + " in " + last);
        }
        assertEquals(of.equals("sessions"), last.containsKey("return_millis_p50"));
        String page = Files.readString(directory.resolve("growth.html"));
        assertTrue(page.contains("<h2>Growth of " + of + "</h2>"), "no plots of growth");
        assertTrue(page.contains("<h3>drain delivered per second</h3>\n<svg"), "no plot of draining");
        assertFalse(page.contains("NaN"));
    }
}
