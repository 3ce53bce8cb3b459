package io.tuskmq.cluster.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.cluster.rules.PeerRoutes.Verdict;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ObjIntConsumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PeerRoutesTest {
    private static final RouteHash HASH = new RouteHash(1, 2);

    private final RouteJournal owner = new RouteJournal(HASH);
    private final PeerRoutes peer = new PeerRoutes(HASH);
    private final Map<String, Integer> copy = new TreeMap<>();

    @BeforeEach
    void load() {
        assertFalse(peer.isLoaded());
        peer.snapshotBegins(0, 0);
        peer.snapshotEnds(this::reader, this::out);
        assertEquals(Verdict.VERIFIED, peer.owner(0, RouteDigest.EMPTY));
        assertTrue(peer.isLoaded());
    }

    @Test
    void aBatchInItsTurnIsPassedOnAndVerified() {
        assertEquals(Verdict.VERIFIED, peer.batch(change("a", 1), this::out));
        assertEquals(Verdict.VERIFIED, peer.batch(change("a", 3), this::out));
        assertEquals(Map.of("a", 3), copy);
        assertEquals(2, peer.verified());
    }

    @Test
    void aBatchThatCameBeforeIsIgnored() {
        RouteBatch first = change("a", 1);
        RouteBatch second = change("a", 0);
        peer.batch(first, this::out);
        peer.batch(second, this::out);
        assertEquals(Verdict.PENDING, peer.batch(first, this::out));
        assertEquals(Map.of(), copy);
        assertEquals(2, peer.verified());
    }

    @Test
    void aGapIsNoticedAndWhatComesAfterItIsPassedOnButNotVerified() {
        change("lost", 1);
        assertEquals(Verdict.BROKEN, peer.batch(change("a", 1), this::out));
        assertEquals(Verdict.BROKEN, peer.batch(change("b", 1), this::out));
        assertEquals(Map.of("a", 1, "b", 1), copy);
        assertEquals(0, peer.verified());
        assertFalse(peer.isLoaded());
    }

    @Test
    void aWrongDigestIsNoticed() {
        RouteBatch batch = change("a", 1);
        RouteDigest wrong = new RouteDigest(batch.digest().sum() ^ 1, 1);
        assertEquals(Verdict.BROKEN, peer.batch(new RouteBatch(1, wrong, batch.changes()), this::out));
        assertEquals(0, peer.verified());
    }

    @Test
    void aLostLastBatchIsNoticedAtTheOwnersSecondWord() {
        change("lost", 1);
        assertEquals(Verdict.PENDING, peer.owner(1, owner.digest()));
        assertTrue(peer.isLoaded());
        assertEquals(Verdict.BROKEN, peer.owner(1, owner.digest()));
    }

    @Test
    void aSlowCopyIsNotTakenForALostOne() {
        RouteBatch first = change("a", 1);
        RouteBatch second = change("b", 1);
        assertEquals(Verdict.PENDING, peer.owner(2, owner.digest()));
        peer.batch(first, this::out);
        assertEquals(Verdict.PENDING, peer.owner(2, owner.digest()));
        peer.batch(second, this::out);
        assertEquals(Verdict.VERIFIED, peer.owner(2, owner.digest()));
    }

    @Test
    void aLateWordOfTheOwnerIsIgnored() {
        peer.batch(change("a", 1), this::out);
        assertEquals(Verdict.PENDING, peer.owner(0, RouteDigest.EMPTY));
        assertEquals(1, peer.verified());
    }

    @Test
    void aSnapshotTakesAwayWhatTheOwnerHasNoMore() {
        peer.batch(change("stays", 1), this::out);
        peer.batch(change("goes", 1), this::out);
        change("goes", 0);
        change("comes", 2);
        peer.snapshotBegins(owner.sequence(), owner.target());
        peer.snapshotEntry("stays", 1, this::out);
        peer.snapshotEntry("comes", 2, this::out);
        assertFalse(peer.isLoaded());
        peer.snapshotEnds(this::reader, this::out);
        assertEquals(Verdict.VERIFIED, peer.owner(owner.sequence(), owner.digest()));
        assertEquals(Map.of("stays", 1, "comes", 2), copy);
    }

    @Test
    void aSnapshotThatBrokeOffLeavesNothingStaleForTheNextOne() {
        peer.snapshotBegins(0, 0);
        peer.snapshotEntry("of the first", 1, this::out);
        peer.snapshotBreaks();
        assertEquals(Verdict.BROKEN, peer.owner(0, RouteDigest.EMPTY));
        peer.snapshotBegins(0, 0);
        peer.snapshotEnds(this::reader, this::out);
        assertEquals(Map.of(), copy);
        assertEquals(Verdict.VERIFIED, peer.owner(0, RouteDigest.EMPTY));
    }

    /** The snapshot was read while changes went on: its entries are of different moments. */
    @Test
    void digestsBelowTheEndOfTheSnapshotAreNotCompared() {
        RouteBatch one = change("a", 1);
        RouteBatch two = change("b", 1);
        RouteBatch three = change("c", 1);
        peer.snapshotBegins(0, 2);
        peer.snapshotEntry("b", 1, this::out);
        peer.snapshotEnds(this::reader, this::out);
        assertEquals(Verdict.PENDING, peer.batch(one, this::out));
        assertEquals(0, peer.verified());
        assertEquals(Verdict.VERIFIED, peer.batch(two, this::out));
        assertEquals(Verdict.VERIFIED, peer.batch(three, this::out));
    }

    private void out(String filter, int flags) {
        if (flags == 0) {
            copy.remove(filter);
        } else {
            copy.put(filter, flags);
        }
    }

    @Test
    void aGapIsNoticedAtOnceAlsoWhereDigestsAreNotCompared() {
        RouteBatch one = change("a", 1);
        change("lost", 1);
        RouteBatch three = change("c", 1);
        peer.snapshotBegins(0, 9);
        peer.snapshotEnds(this::reader, this::out);
        assertEquals(Verdict.PENDING, peer.batch(one, this::out));
        assertEquals(Verdict.BROKEN, peer.batch(three, this::out));
    }

    private RouteBatch change(String filter, int flags) {
        owner.change(filter, flags);
        return owner.next();
    }

    private void reader(ObjIntConsumer<String> each) {
        new TreeMap<>(copy).forEach(each::accept);
    }
}
