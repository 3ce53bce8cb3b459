package io.tuskmq.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** CPU time of the broker's process and of PostgreSQL's, as Linux counts it, by the programs' names: nothing else may run meanwhile. */
final class Cpu {
    private static final long MICROS_PER_TICK = 10_000;

    /** In microseconds. */
    record Used(long brokerMicros, long postgresMicros) {
        Used minus(Used before) {
            return new Used(brokerMicros - before.brokerMicros, postgresMicros - before.postgresMicros);
        }
    }

    Used used() {
        long[] micros = new long[2];
        ProcessHandle.allProcesses().forEach(process -> {
            try {
                Path proc = Path.of("/proc", Long.toString(process.pid()));
                String command = Files.readString(proc.resolve("cmdline"));
                if (command.contains("io.tuskmq.node.Main")) {
                    micros[0] += micros(proc);
                } else if (command.startsWith("postgres") || command.contains("/postgres")) {
                    micros[1] += micros(proc);
                }
            } catch (IOException _) {
                // It has ended, or is somebody else's.
            }
        });
        return new Used(micros[0], micros[1]);
    }

    /** utime and stime: the fields 14 and 15 of stat, counted behind the program's name in parentheses. */
    private static long micros(Path proc) throws IOException {
        String stat = Files.readString(proc.resolve("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * MICROS_PER_TICK;
    }
}
