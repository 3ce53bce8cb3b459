package io.tuskmq.cluster.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class RouteJournalTest {
    private static final RouteHash HASH = new RouteHash(1, 2);

    private final RouteJournal journal = new RouteJournal(HASH);

    @Test
    void whatCameWhileABatchWasWrittenIsTheNextOne() {
        journal.change("a", 1);
        assertEquals(1, journal.target());
        RouteBatch first = journal.next();
        assertEquals(List.of(new RouteChange("a", 1)), first.changes());
        assertFalse(journal.isWaiting());
        journal.change("b", 2);
        journal.change("c", 3);
        journal.change("a", 0);
        RouteBatch second = journal.next();
        assertEquals(2, second.sequence());
        assertEquals(3, second.changes().size());
        assertEquals(2, second.digest().filters());
        assertEquals(2, journal.target());
    }

    @Test
    void batchesAreBoundedInChangesAndInCharacters() {
        for (int i = 0; i < 2_500; i++) {
            journal.change("f/" + i, 1);
        }
        assertEquals(3, journal.target());
        assertEquals(1_000, journal.next().changes().size());
        assertEquals(1_000, journal.next().changes().size());
        assertEquals(500, journal.next().changes().size());
        String large = "x".repeat(20_000);
        for (int i = 0; i < 4; i++) {
            journal.change(i + large, 1);
        }
        assertEquals(2, journal.next().changes().size());
        assertEquals(2, journal.next().changes().size());
    }

    @Test
    void aFullBatchStillTakesAnotherChangeOfItsOwnFilters() {
        for (int i = 0; i < 1_000; i++) {
            journal.change("f/" + i, 1);
        }
        journal.change("f/7", 2);
        assertEquals(1, journal.target());
        assertTrue(journal.next().changes().contains(new RouteChange("f/7", 2)));
    }

    /** A snapshot may have been read while the filter was away. */
    @Test
    void aChangeThatWasTakenBackIsTold() {
        journal.change("a", 1);
        journal.next();
        journal.change("a", 0);
        journal.change("a", 1);
        RouteBatch batch = journal.next();
        assertEquals(List.of(new RouteChange("a", 1)), batch.changes());
        assertEquals(1, batch.digest().filters());
    }

    @Test
    void digestAndFlagsSpeakOfTheBatchesThatWereTaken() {
        journal.change("a", 1);
        assertEquals(0, journal.flags("a"));
        assertEquals(RouteDigest.EMPTY, journal.digest());
        RouteBatch batch = journal.next();
        journal.change("a", 3);
        assertEquals(1, journal.flags("a"));
        assertEquals(batch.digest(), journal.digest());
    }

    @Test
    void tooManyWaitingBatchesAreDroppedAndLeaveAGap() {
        journal.change("first", 1);
        journal.next();
        int filters = RouteJournal.BATCHES_MAX * RouteJournal.CHANGES_MAX + 1;
        for (int i = 0; i < filters; i++) {
            journal.change("f/" + i, 1);
        }
        assertEquals(RouteJournal.BATCHES_MAX, journal.dropped());
        assertEquals(RouteJournal.BATCHES_MAX + 1, journal.sequence());
        RouteBatch batch = journal.next();
        assertEquals(RouteJournal.BATCHES_MAX + 2, batch.sequence());
        assertEquals(1, batch.changes().size());
        assertEquals(filters + 1, batch.digest().filters());
        assertEquals(1, journal.flags("f/0"));
    }
}
