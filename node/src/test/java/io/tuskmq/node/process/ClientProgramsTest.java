package io.tuskmq.node.process;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tuskmq.node.process.cluster.Needs;
import io.tuskmq.node.process.cluster.Ports;
import io.tuskmq.node.process.cluster.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Client programs that nobody here wrote, each in a process of its own and in its own language, against a node in a process: a persistent
 * session, retained messages, a will, a shared subscription, and the properties of MQTT 5. What they do is in {@code
 * src/test/resources/clients}; each says what went well, so that none can leave something out.
 */
class ClientProgramsTest {
    private static final List<String> STEPS = List.of(
            "311 persistent session",
            "311 retained",
            "311 will",
            "311 shared subscription",
            "5 persistent session",
            "5 retained",
            "5 will",
            "5 shared subscription",
            "5 properties");

    private static final Pattern STEP = Pattern.compile("(311|5) ");
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final String HOST = "127.0.0.1";
    private static final int WEB_SOCKET_PORT = Ports.free();

    @RegisterExtension
    static final Brokers BROKERS =
            Brokers.perClass().options("--mqtt.websocket.port", Integer.toString(WEB_SOCKET_PORT));

    @TempDir
    private static Path dir;

    /** What hindered npm; nothing when it has fetched, null when it wasn't asked yet. */
    private static @Nullable String npmHindered;

    @BeforeAll
    static void startBroker() {
        BROKERS.start();
    }

    @Test
    void mosquittosClients() {
        Needs.that(
                Program.exists("mosquitto_sub") && Program.exists("mosquitto_pub"),
                "Mosquitto's clients are not installed");
        run("mosquitto", "bash", script("mosquitto"), HOST, Integer.toString(BROKERS.port()));
    }

    @Test
    void pahoForPython() {
        String python = python();
        Needs.that(!python.isEmpty(), "no Python with Paho's client is installed");
        run("paho", python, script("paho_client.py"), HOST, Integer.toString(BROKERS.port()));
    }

    @Test
    void mqttJsInNodeJs() {
        String url = "mqtt://" + HOST + ":" + BROKERS.port();
        run("node", "node", script("scenario.js"), mqttJs().toString(), url, "node");
    }

    @Test
    void mqttJsInNodeJsOverWebSocket() {
        run("node-ws", "node", script("scenario.js"), mqttJs().toString(), webSocket(), "node-ws");
    }

    @Test
    void mqttJsInABrowser() throws IOException, InterruptedException {
        Path library = mqttJs().resolve("dist/mqtt.min.js");
        Needs.that(Program.exists("chromium"), "Chromium is not installed");
        try (BrowserPage page = new BrowserPage(clients(), library)) {
            List<String> said = page.open(dir, "browser.html?broker=" + webSocket(), PATIENCE);
            assertEquals(STEPS, said.subList(0, said.size() - 1), said::toString);
            assertEquals("done", said.getLast());
        }
    }

    private static String webSocket() {
        return "ws://" + HOST + ":" + WEB_SOCKET_PORT + "/mqtt";
    }

    /** Where MQTT.js is: npm fetches what the lock file says, and nothing else; what isn't there is skipped as a missing program is. */
    private static Path mqttJs() {
        Needs.that(Program.exists("node") && Program.exists("npm"), "Node.js and npm are not installed");
        String hindered = npmHindered;
        if (hindered == null) {
            hindered = fetchMqttJs(dir.resolve("mqttjs"));
            npmHindered = hindered;
        }
        Needs.that(hindered.isEmpty(), "npm can't fetch MQTT.js: " + hindered);
        return dir.resolve("mqttjs/node_modules/mqtt");
    }

    /** What npm said when it couldn't; otherwise nothing. */
    private static String fetchMqttJs(Path folder) {
        try {
            Files.createDirectories(folder);
            for (String file : List.of("package.json", "package-lock.json")) {
                Files.copy(clients().resolve(file), folder.resolve(file), StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> fetch = List.of(
                "npm",
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--prefer-offline",
                "--fetch-retries=0",
                "--fetch-timeout=30000");
        try (Program npm = Program.start(folder.resolve("npm.log"), fetch)) {
            boolean fetched =
                    npm.exitWithin(PATIENCE).filter(exit -> exit.code() == 0).isPresent();
            return fetched ? "" : "it failed, or took too long: " + npm.tail();
        }
    }

    /** Debian's Python has what Debian's packages bring; another one may come before it. */
    private static String python() {
        for (String candidate : List.of("python3", "/usr/bin/python3")) {
            Path log = dir.resolve("python.log");
            Program asks = Program.start(log, List.of("env", candidate, "-c", "import paho.mqtt.client"));
            if (asks.awaitExit(PATIENCE).code() == 0) {
                return candidate;
            }
        }
        return "";
    }

    private static void run(String name, String... command) {
        Path log = dir.resolve(name + ".log");
        try (Program program = Program.start(log, List.of(command))) {
            Program.Exit exit = program.awaitExit(PATIENCE);
            assertEquals(0, exit.code(), program::tail);
            // Not what an interpreter has to say beside it, of what is deprecated and the like.
            List<String> steps = program.output()
                    .lines()
                    .filter(line -> STEP.matcher(line).lookingAt())
                    .toList();
            assertEquals(STEPS, steps, program::tail);
        }
    }

    private static String script(String name) {
        return clients().resolve(name).toString();
    }

    private static Path clients() {
        try {
            return Path.of(Objects.requireNonNull(ClientProgramsTest.class.getResource("/clients"))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }
}
