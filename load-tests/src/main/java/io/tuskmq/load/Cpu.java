package io.tuskmq.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Processor seconds used so far by the broker, by PostgreSQL with its children (also those that ended) and by this process, from /proc.
 * What runs on another machine or isn't known counts as not measured.
 */
record Cpu(@Nullable Double broker, @Nullable Double postgres, double client) {
    /** USER_HZ: 100 on all Linux that Java runs on. */
    private static final double TICKS_PER_SECOND = 100;

    static Cpu now(OptionalLong brokerPid, OptionalLong postmasterPid) throws IOException {
        return new Cpu(
                brokerPid.isPresent() ? ticks(brokerPid.getAsLong(), false) / TICKS_PER_SECOND : null,
                postmasterPid.isPresent() ? family(postmasterPid.getAsLong()) / TICKS_PER_SECOND : null,
                ticks(ProcessHandle.current().pid(), false) / TICKS_PER_SECOND);
    }

    /** Microseconds used since an earlier reading, for each of so many messages. */
    Map<String, @Nullable Object> microsPerMessageSince(Cpu before, long messages) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("broker", micros(before.broker, broker, messages));
        map.put("postgres", micros(before.postgres, postgres, messages));
        map.put("client", micros(before.client, client, messages));
        return map;
    }

    private static @Nullable Double micros(@Nullable Double before, @Nullable Double after, long messages) {
        return before == null || after == null ? null : (after - before) * 1e6 / messages;
    }

    private static long family(long postmaster) throws IOException {
        long sum = ticks(postmaster, true);
        try (Stream<ProcessHandle> children =
                ProcessHandle.of(postmaster).stream().flatMap(ProcessHandle::children)) {
            for (ProcessHandle child : (Iterable<ProcessHandle>) children::iterator) {
                sum += ticks(child.pid(), false);
            }
        }
        return sum;
    }

    private static long ticks(long pid, boolean withEndedChildren) throws IOException {
        try {
            return ticks(Files.readString(Path.of("/proc/" + pid + "/stat")), withEndedChildren);
        } catch (NoSuchFileException e) {
            return 0; // ended between the listing and now
        }
    }

    /** Of a line of /proc/PID/stat: utime + stime, and cutime + cstime. The name before them may hold spaces and brackets. */
    static long ticks(String stat, boolean withEndedChildren) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        long own = Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
        return withEndedChildren ? own + Long.parseLong(fields[13]) + Long.parseLong(fields[14]) : own;
    }
}
