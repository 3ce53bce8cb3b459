package io.tuskmq.node.rules;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** I4, I5, I11: when a node must stop serving. */
class LeaseGuardTest {
    private static final long LEASE = 10_000;
    private final LeaseGuard guard = new LeaseGuard(LEASE, 0);

    @Test
    void endsBeforeTheDatabaseSaysSoAlsoWithAClockThatIsSlow() {
        assertFalse(guard.isOver(LEASE * 9 / 10));
        assertTrue(guard.isOver(LEASE * 19 / 20));
    }

    @Test
    void countsFromWhenTheRenewalWasSent() {
        guard.renewed(4_000);
        assertFalse(guard.isOver(LEASE));
        assertTrue(guard.isOver(4_000 + LEASE));
    }

    @Test
    void aLateAnswerToAnEarlierRenewalDoesNotShortenIt() {
        guard.renewed(4_000);
        guard.renewed(1_000);
        assertFalse(guard.isOver(11_000));
    }

    @Test
    void goesOnWhenNobodyCanHaveTakenItsSessions() {
        assertFalse(guard.mustStopServing(LEASE, 0, 0), "alone");
        assertFalse(guard.mustStopServing(LEASE, 2, 2), "all others spare it");
        assertTrue(guard.mustStopServing(LEASE, 2, 1), "one of them may have taken them");
        assertFalse(guard.mustStopServing(LEASE / 2, 2, 0), "the lease is valid");
    }

    /** I11: whoever reaches the database first counts on the others a while longer; they hear of its end before any is ended. */
    @Test
    void othersHaveTheirTurnWhenTheDatabaseIsBack() {
        assertFalse(guard.othersHaveTheirTurn(0), "it starts: nobody relies on it");
        guard.renewed(4_000);
        assertFalse(guard.othersHaveTheirTurn(4_000));
        guard.renewed(20_000);
        assertTrue(guard.othersHaveTheirTurn(24_000));
        assertFalse(guard.othersHaveTheirTurn(24_750));
        assertFalse(guard.mayEndOthers(24_750 + LEASE / 3), "the last word has ended by then");
    }

    /** I11: the database was away for all; whoever reaches it first must not end those who come a moment later. */
    @Test
    void endsNobodySoonAfterItCouldNotRenewItself() {
        assertTrue(guard.mayEndOthers(0), "all nodes were dead, this one starts");
        guard.renewed(1_000);
        assertTrue(guard.mayEndOthers(1_000));
        guard.renewed(20_000);
        assertFalse(guard.mayEndOthers(20_000));
        guard.renewed(24_000);
        guard.renewed(28_000);
        assertFalse(guard.mayEndOthers(28_000));
        assertTrue(guard.mayEndOthers(20_000 + LEASE));
    }
}
