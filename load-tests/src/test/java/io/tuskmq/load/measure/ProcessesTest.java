package io.tuskmq.load.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class ProcessesTest {
    @Test
    void readsProcessorTicksAfterANameWithBlanksAndBrackets() {
        String stat = "7 (a) b) S 1 7 7 0 -1 4194560 900 0 3 0 11 22 33 44 20 0 5 0 100 0";
        assertEquals(33, Processes.ticks(stat, false));
        assertEquals(110, Processes.ticks(stat, true));
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
