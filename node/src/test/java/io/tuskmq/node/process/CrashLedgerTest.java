package io.tuskmq.node.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.process.CrashLedger.Stream;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The ledger finds what it is kept for. */
class CrashLedgerTest {
    private static final Stream QOS_1 = new Stream("root", 0, 1);
    private static final Stream QOS_2 = new Stream("root", 0, 2);
    private static final List<String> ONE = List.of("subscriber");

    private final CrashLedger ledger = new CrashLedger();

    @BeforeEach
    void threeOfEachAreAcknowledged() {
        for (int number = 0; number < 3; number++) {
            ledger.acknowledged(QOS_1, number);
            ledger.acknowledged(QOS_2, number);
        }
    }

    private void taken(Stream stream, int... numbers) {
        for (int number : numbers) {
            ledger.taken("subscriber", stream, number);
        }
    }

    private void assertFault(String part) {
        List<String> faults = ledger.faults(ONE);
        assertEquals(1, faults.size(), faults::toString);
        assertTrue(faults.getFirst().contains(part), faults::toString);
    }

    @Test
    void allThatWasAcknowledgedAndTakenOnceInOrderIsFine() {
        taken(QOS_1, 0, 1, 2);
        taken(QOS_2, 0, 1, 2);
        assertEquals(List.of(), ledger.faults(ONE));
        assertTrue(ledger.hasAll("subscriber"));
        assertEquals(6, ledger.acknowledged());
    }

    @Test
    void aRepetitionOfQos1IsFine() {
        taken(QOS_1, 0, 1, 0, 1, 2);
        taken(QOS_2, 0, 1, 2);
        assertEquals(List.of(), ledger.faults(ONE));
    }

    @Test
    void aLostMessageIsFound() {
        taken(QOS_1, 0, 2);
        taken(QOS_2, 0, 1, 2);
        assertFault("never took " + QOS_1 + " number 1 of 3");
        assertFalse(ledger.hasAll("subscriber"));
    }

    @Test
    void aDoubledMessageOfQos2IsFound() {
        taken(QOS_1, 0, 1, 2);
        taken(QOS_2, 0, 1, 1, 2);
        assertFault("number 1 twice");
    }

    @Test
    void aWrongOrderIsFound() {
        taken(QOS_1, 0, 2, 1);
        taken(QOS_2, 0, 1, 2);
        assertFault("number 1 after 2");
    }

    @Test
    void aSubscriberThatTookNothingIsFound() {
        assertEquals(2, ledger.faults(ONE).size());
    }

    @Test
    void aStreamIsFoundByItsTopic() {
        assertEquals(QOS_2, Stream.of(QOS_2.topic()));
    }
}
