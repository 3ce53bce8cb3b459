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
        assertFalse(guard.mustStopServing(LEASE, 2, 2), "all others miss the database too");
        assertTrue(guard.mustStopServing(LEASE, 2, 1), "one of them may have the database");
        assertFalse(guard.mustStopServing(LEASE / 2, 2, 0), "the lease is valid");
    }
}
