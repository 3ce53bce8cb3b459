package io.tuskmq.load.measure;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The heap of another Java process, by jcmd. */
public final class Heap {
    private static final Pattern USED = Pattern.compile("used (\\d+)([KMG])");

    private Heap() {}

    /** By its program; a node that was started by its launcher's script is one. */
    public static boolean isJava(long pid) {
        return ProcessHandle.of(pid)
                .flatMap(process -> process.info().command())
                .filter(command -> Path.of(command).endsWith("java"))
                .isPresent();
    }

    /** After a full collection. IOException: it is no Java process of this user. */
    public static long usedBytes(long pid) throws IOException, InterruptedException {
        jcmd(pid, "GC.run");
        return usedBytes(jcmd(pid, "GC.heap_info"));
    }

    private static String jcmd(long pid, String command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        String.valueOf(pid),
                        command)
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException("jcmd " + pid + " " + command + ": " + said.strip());
        }
        return said;
    }

    /** Of what GC.heap_info says, the sum of its generations without the metaspace. */
    static long usedBytes(String heapInfo) {
        long sum = 0;
        for (String line : heapInfo.lines().toList()) {
            if (line.strip().startsWith("Metaspace")) {
                break;
            }
            Matcher used = USED.matcher(line);
            if (used.find()) {
                int shift = 10 * (1 + "KMG".indexOf(used.group(2)));
                sum += Long.parseLong(used.group(1)) << shift;
            }
        }
        return sum;
    }
}
