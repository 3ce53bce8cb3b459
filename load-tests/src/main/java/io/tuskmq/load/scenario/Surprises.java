package io.tuskmq.load.scenario;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Commands that are run at given seconds of the load, each in a thread of its own; what still runs in the end is ended. */
final class Surprises implements AutoCloseable {
    private final List<Planned> planned = new ArrayList<>();
    private final ConcurrentLinkedQueue<Map<String, Object>> happened = new ConcurrentLinkedQueue<>();

    private final Set<Process> running = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** @param command for {@code sh -c} */
    record Planned(double atSeconds, String command) {}

    Surprises(List<Planned> planned) {
        this.planned.addAll(planned);
        this.planned.sort(Comparator.comparingDouble(Planned::atSeconds));
    }

    /** Of a list like {@code 10s}, {@code kill -9 123}, …; IllegalArgumentException with a sentence. */
    static List<Planned> of(List<String> words) {
        List<Planned> planned = new ArrayList<>();
        for (int i = 0; i + 1 < words.size(); i += 2) {
            String time = words.get(i).replaceFirst("s$", "");
            try {
                planned.add(new Planned(Double.parseDouble(time), words.get(i + 1)));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("--at wants seconds like 10s, not " + words.get(i), e);
            }
        }
        return planned;
    }

    /** Runs what is due. */
    void atSeconds(double seconds) {
        while (!planned.isEmpty() && planned.getFirst().atSeconds <= seconds) {
            Planned due = planned.removeFirst();
            Thread.ofVirtual().start(() -> run(due, seconds));
        }
    }

    private void run(Planned due, double seconds) {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("at_seconds", seconds);
        event.put("command", due.command);
        happened.add(event);
        try {
            Process process = new ProcessBuilder("sh", "-c", due.command)
                    .redirectErrorStream(true)
                    .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
                    .start();
            running.add(process);
            if (closed) {
                endTree(process);
            }
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            event.put("exit_code", process.waitFor());
            running.remove(process);
            event.put("output", said.length() > 1_000 ? said.substring(0, 1_000) : said);
        } catch (IOException e) {
            event.put("output", String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** With all that they have started, and that has not been given away. */
    @Override
    public void close() {
        closed = true;
        running.forEach(Surprises::endTree);
    }

    private static void endTree(Process process) {
        List<ProcessHandle> started = process.descendants().toList(); // when it is dead they are nobody's
        process.destroyForcibly();
        started.forEach(ProcessHandle::destroyForcibly);
    }

    /** What was run, and how it ended. */
    List<Map<String, Object>> happened() {
        return List.copyOf(happened);
    }
}
