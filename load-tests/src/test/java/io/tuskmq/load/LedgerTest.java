package io.tuskmq.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

final class LedgerTest {
    private final Ledger ledger = new Ledger(2, 4);

    @Test
    void isCleanWhenAllThatWasAckedArrivedOnceAndInOrder() {
        Ledger.Receiver receiver = ledger.receiver(0, 1);
        for (int publisher = 0; publisher < 2; publisher++) {
            for (int number = 0; number < 4; number++) {
                ledger.publisher(publisher).acked(number);
                receiver.received(publisher, number, false);
            }
        }
        assertEquals(8, ledger.acked());
        assertEquals(8, receiver.expected());
        assertEquals(new Ledger.Findings(8, 0, 0, 0, 0, 0), Ledger.check(List.of(receiver)));
        assertTrue(Ledger.check(List.of(receiver)).areClean());
    }

    @Test
    void countsWhatWasAckedAndNeverArrivedAsLost() {
        Ledger.Receiver receiver = ledger.receiver(0, 1);
        ledger.publisher(0).acked(0);
        ledger.publisher(1).acked(3);
        receiver.received(0, 0, false);
        assertEquals(new Ledger.Findings(1, 1, 0, 0, 0, 0), Ledger.check(List.of(receiver)));
        assertFalse(Ledger.check(List.of(receiver)).areClean());
    }

    @Test
    void tellsARedeliveryFromADouble() {
        Ledger.Receiver receiver = ledger.receiver(0, 1);
        receiver.received(0, 0, false);
        receiver.received(0, 0, true);
        assertTrue(Ledger.check(List.of(receiver)).areClean());
        receiver.received(0, 0, false);
        assertEquals(new Ledger.Findings(1, 0, 1, 1, 0, 0), Ledger.check(List.of(receiver)));
        assertFalse(Ledger.check(List.of(receiver)).areClean());
    }

    @Test
    void countsWhatCameLateAndWhatBelongsToOthers() {
        Ledger.Receiver even = ledger.receiver(0, 2);
        even.received(0, 2, false);
        even.received(0, 0, false);
        even.received(0, 1, false);
        even.received(7, 0, false);
        even.received(0, 4, false);
        assertEquals(new Ledger.Findings(2, 0, 0, 0, 3, 1), Ledger.check(List.of(even)));
    }

    @Test
    void eachReceiverAnswersForItsShareOnly() {
        Ledger.Receiver even = ledger.receiver(0, 2);
        Ledger.Receiver odd = ledger.receiver(1, 2);
        ledger.publisher(0).acked(0);
        ledger.publisher(0).acked(1);
        ledger.publisher(0).acked(2);
        assertEquals(2, even.expected());
        assertEquals(1, odd.expected());
        even.received(0, 0, false);
        even.received(0, 2, false);
        assertEquals(new Ledger.Findings(2, 1, 0, 0, 0, 0), Ledger.check(List.of(even, odd)));
    }

    @Test
    void refusesAnAcknowledgementThatNobodyWaitsFor() {
        ledger.publisher(0).acked(0);
        assertThrows(IllegalStateException.class, () -> ledger.publisher(0).acked(0));
        assertThrows(IllegalStateException.class, () -> ledger.publisher(0).acked(4));
    }
}
