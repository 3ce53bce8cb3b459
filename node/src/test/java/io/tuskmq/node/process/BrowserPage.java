package io.tuskmq.node.process;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.tuskmq.node.process.cluster.Program;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A web server of the test: it gives a browser the client scripts and a library, and takes what the page says ({@code POST said}). */
final class BrowserPage implements AutoCloseable {
    private static final int NOTHING = -1;
    private static final int END_SECONDS = 10;

    private final HttpServer server;
    private final Path folder;
    private final Path library;
    private final BlockingQueue<String> said = new LinkedBlockingQueue<>();

    /** @param library is served beside what is in the folder, under its own name */
    BrowserPage(Path folder, Path library) throws IOException {
        this.folder = folder;
        this.library = library;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::give);
        server.createContext("/said", this::take);
        server.start();
    }

    /** Opens a page in a browser of its own; what it said, when that is "done" or "failed…". */
    List<String> open(Path dir, String page, Duration patience) throws InterruptedException {
        String url = "http://127.0.0.1:" + server.getAddress().getPort() + "/" + page;
        List<String> chromium = List.of(
                "chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
                "--remote-debugging-port=0",
                "--user-data-dir=" + dir.resolve("chromium"),
                url);
        try (Program browser = Program.start(dir.resolve("chromium.log"), chromium)) {
            try {
                return listen(browser, patience);
            } finally {
                List<ProcessHandle> all = browser.handle().descendants().toList(); // when it is dead they are nobody's
                browser.killNine();
                all.forEach(ProcessHandle::destroyForcibly);
                awaitEnd(all);
            }
        }
    }

    /** Those that nobody fetches stay as zombies, where process 1 is no init: then it goes on. */
    private static void awaitEnd(List<ProcessHandle> all) throws InterruptedException {
        CompletableFuture<Void> ended =
                CompletableFuture.allOf(all.stream().map(ProcessHandle::onExit).toArray(CompletableFuture<?>[]::new));
        try {
            ended.get(END_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            System.err.println("of the browser's processes some did not end within " + END_SECONDS + " s: " + e);
        }
    }

    private List<String> listen(Program browser, Duration patience) throws InterruptedException {
        List<String> lines = new ArrayList<>();
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            String line = said.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (line == null) {
                throw new AssertionError("the page said only " + lines + "\n" + browser.tail());
            }
            lines.add(line);
            if (line.equals("done") || line.startsWith("failed")) {
                return lines;
            }
        }
    }

    private void give(HttpExchange exchange) throws IOException {
        String name = exchange.getRequestURI().getPath().substring(1);
        Path file = library.endsWith(name) ? library : folder.resolve(name);
        if (name.contains("/") || !Files.isRegularFile(file)) {
            exchange.sendResponseHeaders(404, NOTHING);
        } else {
            byte[] bytes = Files.readAllBytes(file);
            exchange.getResponseHeaders().set("Content-Type", name.endsWith(".js") ? "text/javascript" : "text/html");
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
        exchange.close();
    }

    private void take(HttpExchange exchange) throws IOException {
        said.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
        exchange.sendResponseHeaders(204, NOTHING);
        exchange.close();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
