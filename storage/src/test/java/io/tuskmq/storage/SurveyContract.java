package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.HOUR;
import static io.tuskmq.storage.StoreFixture.claim;
import static io.tuskmq.storage.StoreFixture.get;
import static io.tuskmq.storage.StoreFixture.release;
import static io.tuskmq.storage.StoreFixture.subscription;
import static io.tuskmq.storage.StoreFixture.withWill;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Sessions.Checkpoint;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.WillAction;
import io.tuskmq.storage.Survey.Backlog;
import io.tuskmq.storage.Survey.Counts;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What {@link Survey} promises, whatever stands behind it. */
abstract class SurveyContract {
    abstract StoreFixture store();

    private Optional<Backlog> backlog() {
        return get(store().store().survey().backlog());
    }

    @Test
    void countsWhoIsOfflineAndWhichWillsWait() {
        long node = store().node();
        store().own(claim("connected", node));
        Claimed.Owned left = store().own(withWill(claim("left", node), 30));
        get(store().sessions().release(release(left, HOUR, new WillAction.Schedule(30))));
        store().own(withWill(claim("with a will", node), 0));
        assertEquals(new Counts(1, 1), get(store().store().survey().counts()));
    }

    @Test
    void findsTheOldestMessageThatWaitsAndTheLongestQueue() {
        long node = store().node();
        Claimed.Owned little = store().own(claim("little", node));
        Claimed.Owned much = store().own(claim("much", node));
        store().subscribe(little, subscription("a", 1));
        store().subscribe(much, subscription("a", 1), subscription("b", 1));
        store().own(claim("nothing", node));
        assertEquals(Optional.empty(), backlog());
        store().append(node, store().matching("a", "1"));
        long before = backlog().orElseThrow().sinceMillis();
        store().append(node, store().matching("b", "2"));
        store().append(node, store().matching("b", "3"));
        assertEquals(Optional.of(new Backlog(before, 3)), backlog());
    }

    @Test
    void whatWasDeliveredDoesNotWait() {
        long node = store().node();
        Claimed.Owned owned = store().own(claim("phone", node));
        store().subscribe(owned, subscription("a", 1));
        store().append(node, store().matching("a", "1"));
        assertTrue(backlog().isPresent());
        long[] read =
                get(store().store().leases().renew(node, HOUR * 1_000)).heads().toArray();
        Checkpoint checkpoint =
                new Checkpoint(owned.sessionId(), owned.epoch(), StoreFixture.number(), read, new byte[0]);
        assertTrue(get(store().sessions().checkpoint(checkpoint, true)));
        assertEquals(Optional.empty(), backlog());
        store().append(node, store().matching("a", "2"));
        assertEquals(1, backlog().orElseThrow().most());
    }

    @Test
    void tellsWhereTheLogIs() {
        long node = store().node();
        Claimed.Owned owned = store().own(claim("phone", node));
        store().subscribe(owned, subscription("a", 1));
        store().append(node, store().matching("a", "1"));
        var parts = get(store().store().survey().log());
        assertTrue(parts.stream().mapToLong(Survey.LogPart::bytes).sum() > 0, parts::toString);
        assertTrue(parts.getFirst().fromMillis() <= backlog().orElseThrow().sinceMillis(), parts::toString);
    }

    @Test
    void readsTheDatabasesClock() {
        long node = store().node();
        Claimed.Owned owned = store().own(claim("phone", node));
        store().subscribe(owned, subscription("a", 1));
        store().append(node, store().matching("a", "1"));
        long clockMillis = get(store().store().survey().clockMicros()) / 1_000;
        long agoMillis = clockMillis - backlog().orElseThrow().sinceMillis();
        assertTrue(Math.abs(agoMillis) < 60_000, () -> agoMillis + " ms");
    }
}
