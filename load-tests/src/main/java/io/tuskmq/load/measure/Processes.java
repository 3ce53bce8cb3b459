package io.tuskmq.load.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Processor time and memory of the generator and of the processes that were named, from /proc. A process that ended keeps its time. */
public final class Processes {
    /** The name of the generator itself. */
    public static final String GENERATOR = "generator";

    /** USER_HZ: 100 on all Linux that Java runs on. */
    private static final double TICKS_PER_SECOND = 100;

    private static final boolean HAS_PROC = Files.exists(Path.of("/proc/self/stat"));

    private final List<Watched> watched;
    private final Map<String, Double> secondsSeen = new LinkedHashMap<>();

    /** @param withChildren whether its descendants belong to it, those that ended too */
    public record Watched(String name, long pid, boolean withChildren) {}

    public Processes(List<Watched> watched) {
        this.watched = List.copyOf(watched);
    }

    public List<Watched> watched() {
        return watched;
    }

    /** Processor seconds used so far, by name; several processes may share a name. Empty where there is no /proc. */
    public Map<String, Double> cpuSeconds() throws IOException {
        Map<String, Double> seconds = new LinkedHashMap<>();
        if (!HAS_PROC) {
            return seconds;
        }
        seconds.put(GENERATOR, ticks(ProcessHandle.current().pid(), false) / TICKS_PER_SECOND);
        for (Watched process : watched) {
            String key = process.name() + " " + process.pid();
            double now = Math.max(secondsSeen.getOrDefault(key, 0.0), ticksOf(process) / TICKS_PER_SECOND);
            secondsSeen.put(key, now);
            seconds.merge(process.name(), now, Double::sum);
        }
        return seconds;
    }

    private static long ticksOf(Watched process) throws IOException {
        long sum = ticks(process.pid(), process.withChildren());
        if (process.withChildren()) {
            for (long child : descendants(process.pid())) {
                sum += ticks(child, true);
            }
        }
        return sum;
    }

    private static List<Long> descendants(long pid) {
        try (Stream<ProcessHandle> children = ProcessHandle.of(pid).stream().flatMap(ProcessHandle::descendants)) {
            return children.map(ProcessHandle::pid).toList();
        }
    }

    private static long ticks(long pid, boolean withEndedChildren) throws IOException {
        try {
            return ticks(Files.readString(Path.of("/proc/" + pid + "/stat")), withEndedChildren);
        } catch (IOException e) {
            if (ProcessHandle.of(pid).isPresent()) {
                throw e;
            }
            return 0; // it has ended
        }
    }

    /** Of a line of /proc/PID/stat: utime + stime, and cutime + cstime. The name before them may hold spaces and brackets. */
    static long ticks(String stat, boolean withEndedChildren) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        long own = Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
        return withEndedChildren ? own + Long.parseLong(fields[13]) + Long.parseLong(fields[14]) : own;
    }

    /**
     * Memory in bytes by name: of a single process its resident set, of a family the proportional sets, so that what PostgreSQL's
     * processes share counts once.
     */
    public Map<String, Long> memoryBytes() throws IOException {
        Map<String, Long> bytes = new LinkedHashMap<>();
        if (!HAS_PROC) {
            return bytes;
        }
        for (Watched process : watched) {
            long sum = process.withChildren()
                    ? kilobytes(process.pid(), "smaps_rollup", "Pss:")
                    : kilobytes(process.pid(), "status", "VmRSS:");
            if (process.withChildren()) {
                for (long child : descendants(process.pid())) {
                    sum += kilobytes(child, "smaps_rollup", "Pss:");
                }
            }
            bytes.merge(process.name(), sum * 1024, Long::sum);
        }
        return bytes;
    }

    private static long kilobytes(long pid, String file, String key) throws IOException {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/" + file))) {
                if (line.startsWith(key)) {
                    return Long.parseLong(
                            line.substring(key.length()).replace("kB", "").strip());
                }
            }
            return 0;
        } catch (IOException e) {
            if (ProcessHandle.of(pid).isPresent()) {
                throw e;
            }
            return 0; // it has ended
        }
    }
}
