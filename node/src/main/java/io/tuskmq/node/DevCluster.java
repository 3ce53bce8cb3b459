package io.tuskmq.node;

import io.tuskmq.migrations.DatabaseUrl;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Several nodes on one machine, for trying a cluster out: each a process of its own, all on one database. */
final class DevCluster {
    static final int NODES_MAX = 9;
    private static final int READY_SECONDS = 120;
    private static final int STOP_SECONDS = 40;
    /** Settings that each node has its own of, or that are not for nodes. */
    private static final Set<String> OWN = Set.of(
            Settings.NODE_NAME.key(),
            Settings.MQTT_PORT.key(),
            Settings.MQTT_WEBSOCKET_PORT.key(),
            Settings.HTTP_PORT.key(),
            Settings.CLUSTER_PORT.key(),
            Settings.DATABASE_URL.key(),
            Settings.DATABASE_EMBEDDED_DIR.key());

    private final Settings settings;
    private final Lifecycle lifecycle;
    private final PrintStream out;

    DevCluster(Settings settings, Lifecycle lifecycle, PrintStream out) {
        this.settings = settings;
        this.lifecycle = lifecycle;
        this.out = out;
    }

    /**
     * Starts the nodes one after the other and prints where each listens. Ports count up from {@code mqtt.port} and {@code http.port}; with
     * port 0 each takes a free one.
     *
     * @throws StartException when one of them does not become ready
     */
    void start(int nodes, DatabaseUrl database) {
        for (int i = 0; i < nodes; i++) {
            int number = i;
            Process node = lifecycle.start(() -> launch(number, database), DevCluster::stop);
            out.println(awaitReady(node, "node-" + (i + 1)));
            out.flush();
        }
        out.println(
                "cluster nodes=" + nodes + " stop it with Ctrl-C; kill one of them with kill -9 and see what happens");
        out.flush();
    }

    private Process launch(int number, DatabaseUrl database) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(program());
        command.add("start");
        for (String key : settings.givenKeys()) {
            if (OWN.contains(key)) {
                continue;
            }
            command.add("--" + key + "=" + settings.text(Settings.find(key).orElseThrow()));
        }
        command.add("--node.name=node-" + (number + 1));
        command.add("--mqtt.port=" + counted(settings.get(Settings.MQTT_PORT), number));
        command.add("--http.port=" + counted(settings.get(Settings.HTTP_PORT), number));
        command.add("--mqtt.websocket.port=off");
        command.add("--cluster.port=0");
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
            builder.environment()
                    .put(Settings.DATABASE_URL.variable(), database.text()); // not seen in the list of processes
            return builder.start();
        } catch (IOException e) {
            throw new StartException(ExitCode.FAILURE, "A node could not be started: " + e.getMessage(), e);
        }
    }

    /** What this process runs: a jar, whose manifest says what it may see of Java, or classes. */
    private static List<String> program() {
        String classPath = System.getProperty("java.class.path");
        boolean isJar = classPath.endsWith(".jar") && !classPath.contains(File.pathSeparator);
        return isJar ? List.of("-jar", classPath) : List.of("-cp", classPath, Main.class.getName());
    }

    private static int counted(int port, int number) {
        return port == 0 ? 0 : port + number;
    }

    private static String awaitReady(Process node, String name) {
        CompletableFuture<String> ready = CompletableFuture.supplyAsync(() -> firstLine(node));
        try {
            String line = ready.get(READY_SECONDS, TimeUnit.SECONDS);
            if (line.startsWith("ready ")) {
                return line;
            }
            throw new StartException(ExitCode.FAILURE, name + " has ended; its log says why");
        } catch (TimeoutException | ExecutionException e) {
            throw new StartException(ExitCode.FAILURE, name + " was not ready within " + READY_SECONDS + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartException(ExitCode.FAILURE, "Interrupted while waiting for " + name, e);
        }
    }

    private static String firstLine(Process node) {
        BufferedReader reader =
                new BufferedReader(new InputStreamReader(node.getInputStream(), StandardCharsets.UTF_8));
        try {
            String line = reader.readLine();
            return line == null ? "" : line;
        } catch (IOException e) {
            return ""; // it has ended
        }
    }

    private static void stop(Process node) {
        node.destroy();
        try {
            if (!node.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                node.destroyForcibly();
                throw new IllegalStateException("a node did not stop within " + STOP_SECONDS + " s and was killed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            node.destroyForcibly();
        }
    }
}
