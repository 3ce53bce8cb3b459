package io.tuskmq.load.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class LedgerTest {
    private final Ledger ledger = new Ledger();
    private final Receiver receiver = ledger.receiver();

    private Stream filled(int qos, int messages) {
        Stream stream = ledger.stream(qos);
        receiver.expects(stream);
        for (int i = 0; i < messages; i++) {
            int number = stream.next();
            if (qos > 0) {
                stream.acked(number);
            }
        }
        return stream;
    }

    @Test
    void isCleanWhenAllThatWasAckedArrivedOnceAndInOrder() {
        for (int qos = 0; qos <= 2; qos++) {
            Stream stream = filled(qos, 4);
            for (int i = 0; i < 4; i++) {
                assertTrue(receiver.received(stream.id(), i, false));
            }
        }
        assertEquals(12, ledger.acked());
        assertEquals(12, ledger.expected());
        assertEquals(new Findings(12, 0, 0, 0, 0, 0, 0, 0, 0), ledger.findings());
        assertTrue(ledger.findings().areClean(true));
    }

    @Test
    void countsWhatWasAckedAndNeverArrivedAsLost() {
        Stream stream = filled(1, 3);
        stream.next(); // sent and not acknowledged: nobody promised anything
        receiver.received(stream.id(), 1, false);
        assertEquals(2, ledger.findings().lost());
        assertFalse(ledger.findings().areClean(false));
    }

    @Test
    void judgesLostQos0OnlyWhenAskedTo() {
        filled(0, 3);
        assertEquals(3, ledger.findings().lostQos0());
        assertTrue(ledger.findings().areClean(false));
        assertFalse(ledger.findings().areClean(true));
    }

    @Test
    void tellsARedeliveryFromADouble() {
        Stream stream = filled(1, 1);
        receiver.received(stream.id(), 0, false);
        receiver.received(stream.id(), 0, true);
        assertTrue(ledger.findings().areClean(false));
        receiver.received(stream.id(), 0, false);
        assertEquals(new Findings(1, 0, 0, 1, 1, 0, 0, 0, 0), ledger.findings());
        assertFalse(ledger.findings().areClean(false));
    }

    @Test
    void neverAllowsASecondCopyOfQos0And2() {
        for (int qos : new int[] {0, 2}) {
            Stream stream = filled(qos, 1);
            receiver.received(stream.id(), 0, false);
            receiver.received(stream.id(), 0, true);
        }
        assertEquals(2, ledger.findings().doubled());
    }

    @Test
    void allowsASecondCopyOfWhatItsPublisherSentAgain() {
        Stream stream = filled(1, 2);
        stream.resent(1);
        receiver.received(stream.id(), 0, false);
        receiver.received(stream.id(), 1, false);
        receiver.received(stream.id(), 1, false);
        assertTrue(ledger.findings().areClean(false));
        assertEquals(1, ledger.findings().redelivered());
    }

    @Test
    void allowsAnUnmarkedCopyOnALaterConnectionOnly() {
        Stream stream = filled(1, 2);
        receiver.received(stream.id(), 0, false);
        receiver.reconnected();
        receiver.received(stream.id(), 0, false);
        receiver.received(stream.id(), 1, false);
        assertEquals(1, ledger.findings().redeliveredUnmarked());
        assertTrue(ledger.findings().areClean(false));
        receiver.received(stream.id(), 1, false);
        assertEquals(1, ledger.findings().doubled());
    }

    @Test
    void countsWhatCameLateButNotItsRedelivery() {
        Stream stream = filled(1, 3);
        receiver.received(stream.id(), 0, false);
        receiver.received(stream.id(), 2, false);
        receiver.received(stream.id(), 0, true);
        assertTrue(ledger.findings().outOfOrder() == 0);
        receiver.received(stream.id(), 1, false);
        assertEquals(1, ledger.findings().outOfOrder());
        assertFalse(ledger.findings().areClean(false));
    }

    @Test
    void doesNotJudgeTheOrderInAGroup() {
        Receiver group = ledger.group();
        Stream stream = ledger.stream(1);
        group.expects(stream);
        stream.acked(stream.next());
        stream.acked(stream.next());
        group.received(stream.id(), 1, false);
        group.received(stream.id(), 0, false);
        assertTrue(ledger.findings().areClean(false));
    }

    @Test
    void countsWhatBelongsToOthersAndSessionsThatAreGone() {
        receiver.received(7, 0, false);
        receiver.foreign();
        ledger.sessionLost();
        assertEquals(new Findings(0, 0, 0, 0, 0, 0, 2, 0, 1), ledger.findings());
        assertFalse(new Findings(0, 0, 0, 0, 0, 0, 1, 0, 0).areClean(false));
        assertFalse(new Findings(0, 0, 0, 0, 0, 0, 0, 0, 1).areClean(false));
    }

    @Test
    void refusesAnAcknowledgementThatNobodyWaitsFor() {
        Stream stream = ledger.stream(1);
        stream.acked(stream.next());
        assertThrows(IllegalStateException.class, () -> stream.acked(0));
        assertThrows(IllegalStateException.class, () -> stream.acked(4));
    }

    @Test
    void goesOnInAnotherProcess() {
        Stream stream = filled(1, 5);
        Ledger later = new Ledger();
        Stream taken = later.take(1, stream.sent(), Ledger.ackedBounds(stream));
        later.receiver().expects(taken);
        assertEquals(5, later.findings().lost());
    }
}
