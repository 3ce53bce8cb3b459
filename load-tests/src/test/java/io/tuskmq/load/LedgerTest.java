package io.tuskmq.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LedgerTest {
    private final Ledger ledger = new Ledger(2, 2);

    private void arrived(int publisher, int number) {
        byte[] payload = new byte[8];
        Ledger.stamp(payload, publisher, number);
        ledger.arrived(payload);
    }

    @Test
    void isCompleteWhenEachMessageOfEachPublisherCame() {
        arrived(0, 0);
        arrived(1, 0);
        arrived(0, 1);
        assertFalse(ledger.isComplete());
        assertEquals(1, ledger.missing());
        arrived(1, 1);
        assertTrue(ledger.isComplete());
        assertEquals(0, ledger.outOfOrder());
    }

    @Test
    void countsRepeatsAndFirstDeliveriesOutOfOrder() {
        arrived(0, 1);
        arrived(0, 0);
        arrived(0, 1);
        assertEquals(1, ledger.repeated());
        assertEquals(1, ledger.outOfOrder());
        assertEquals(2, ledger.missing());
    }
}
