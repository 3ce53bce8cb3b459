package io.tuskmq.load.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ProcessesTest {
    @Test
    void readsProcessorTicksAfterANameWithBlanksAndBrackets() {
        String stat = "7 (a) b) S 1 7 7 0 -1 4194560 900 0 3 0 11 22 33 44 20 0 5 0 100 0";
        assertEquals(33, Processes.ticks(stat, false));
        assertEquals(110, Processes.ticks(stat, true));
    }

    @Test
    void looksIntoTheHeapOfAJavaProcess() throws Exception {
        long self = ProcessHandle.current().pid();
        assertTrue(Heap.isJava(self));
        byte[] kept = new byte[32 << 20];
        long used = Heap.usedBytes(self);
        assertTrue(used > kept.length && used <= Runtime.getRuntime().totalMemory(), used + " bytes");
    }

    @Test
    void countsChildrenThatHaveEnded() throws Exception {
        assumeTrue(Files.exists(Path.of("/proc/self/stat")), "there is no /proc here");
        // A database's server processes come and go with its clients' connections, as this one does: it burns, ends,
        // and is reaped.
        Process family = new ProcessBuilder(
                        "sh", "-c", "sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done'; echo done; read line")
                .start();
        try {
            assertEquals("done", family.inputReader(StandardCharsets.UTF_8).readLine());
            double alone = seconds(family, false);
            double withChildren = seconds(family, true);
            assertTrue(withChildren - alone >= 0.05, alone + " s alone, " + withChildren + " s with its children");
        } finally {
            family.destroy();
        }
    }

    private static double seconds(Process process, boolean withChildren) throws IOException {
        Processes.Watched watched = new Processes.Watched("family", process.pid(), withChildren);
        return new Processes(List.of(watched)).cpuSeconds().getOrDefault("family", 0.0);
    }

    @Test
    void sumsUpTheHeapsGenerationsOfEachCollector() {
        assertEquals((2 + 3) << 10, Heap.usedBytes("""
                123:
                 def new generation   total 78656K, used 2K [0x1, 0x2)
                  eden space 69952K,   4% used [0x1, 0x2)
                 tenured generation   total 174784K, used 3K [0x1, 0x2)
                 Metaspace       used 50K, committed 100K
                """));
        assertEquals(7 << 20, Heap.usedBytes(" garbage-first heap   total reserved 1G, committed 9M, used 7M [0x1)\n"));
    }
}
