package io.tuskmq.load.ledger;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class NumberRunsTest {
    @Test
    void keepsNumbersInOrderAsOneRun() {
        NumberRuns runs = new NumberRuns();
        for (int i = 0; i < 1_000_000; i++) {
            assertTrue(runs.add(i));
        }
        assertArrayEquals(new int[] {0, 1_000_000}, runs.bounds());
        assertFalse(runs.add(999_999));
        assertFalse(runs.add(0));
    }

    @Test
    void isTheSameSetAsABitSetWhateverTheOrder() {
        SplittableRandom random = new SplittableRandom(7);
        for (int round = 0; round < 200; round++) {
            NumberRuns one = new NumberRuns();
            NumberRuns other = new NumberRuns();
            BitSet oneBits = new BitSet();
            BitSet otherBits = new BitSet();
            for (int i = 0; i < 300; i++) {
                int number = random.nextInt(200);
                assertEquals(!oneBits.get(number), one.add(number));
                oneBits.set(number);
                int another = random.nextInt(200);
                assertEquals(!otherBits.get(another), other.add(another));
                otherBits.set(another);
                assertEquals(otherBits.get(number), other.contains(number));
            }
            assertEquals(oneBits.cardinality(), one.size());
            BitSet missing = (BitSet) oneBits.clone();
            missing.andNot(otherBits);
            assertEquals(missing.cardinality(), one.missingIn(other));
            assertEquals(one.size(), NumberRuns.of(one.bounds()).size());
        }
    }

    @Test
    void givesUpTheLowestHoleWhenThereAreTooMany() {
        NumberRuns got = new NumberRuns();
        NumberRuns sent = new NumberRuns();
        for (int i = 0; i < 2 * NumberRuns.RUNS_MAX + 10; i++) {
            sent.add(i);
            if (i % 2 == 0) {
                got.add(i);
            }
        }
        assertEquals(5, got.givenUp());
        assertEquals(NumberRuns.RUNS_MAX + 5, sent.missingIn(got), "what was given up stays missing");
        assertEquals(NumberRuns.RUNS_MAX + 5, got.size());
    }
}
