package io.tuskmq.load.attack;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Where it happens.
 *
 * @param scale share of the full number of clients, above 0 and up to 1
 */
public record Field(int port, int webSocketPort, String httpAddress, double scale) {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    int scaled(int full) {
        return Math.max(1, (int) Math.round(full * scale));
    }

    /** The sum of a metric's samples; 0 when there is none. */
    long metric(String name) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + httpAddress + "/metrics"))
                .build();
        return HTTP.send(request, HttpResponse.BodyHandlers.ofString())
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /** Waits until a metric has the value, at most so long; returns what it has then. */
    long awaitMetric(String name, long wanted, int seconds) throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        long now = metric(name);
        while (now < wanted && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(100);
            now = metric(name);
        }
        return now;
    }

    /** What one of many clients does. */
    @FunctionalInterface
    interface Part<T> {
        T run(int number) throws Exception;
    }

    /** Runs them all at once, each on a virtual thread; fails with the first failure. */
    static <T> List<T> together(int count, Part<T> part) throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<T>> tasks = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int number = i;
                tasks.add(() -> part.run(number));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> future : threads.invokeAll(tasks)) {
                results.add(future.get());
            }
            return results;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    static long count(List<Boolean> answers) {
        return answers.stream().filter(yes -> yes).count();
    }

    static long sum(List<Long> numbers) {
        return numbers.stream().mapToLong(Long::longValue).sum();
    }
}
