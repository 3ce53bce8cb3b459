package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.claim;
import static io.tuskmq.storage.StoreFixture.expiring;
import static io.tuskmq.storage.StoreFixture.get;
import static io.tuskmq.storage.StoreFixture.message;
import static io.tuskmq.storage.StoreFixture.number;
import static io.tuskmq.storage.StoreFixture.subscription;
import static io.tuskmq.storage.StoreFixture.withWill;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Leases.Address;
import io.tuskmq.storage.Leases.Heartbeat;
import io.tuskmq.storage.Leases.LaneState;
import io.tuskmq.storage.Leases.Lease;
import io.tuskmq.storage.Leases.LiveNode;
import io.tuskmq.storage.Leases.Namesake;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Wills.DueWill;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What {@link Leases} promises to several nodes on one database, whatever stands behind it. */
abstract class LeasesContract {
    private static final Optional<Address> HERE = Optional.of(new Address("10.0.0.1", 7001, 5701));
    private static final Optional<Address> THERE = Optional.of(new Address("fd00::2", 65_535, 1));

    abstract StoreFixture store();

    private Leases leases() {
        return store().store().leases();
    }

    private Heartbeat renew(long node) {
        return get(leases().renew(node, StoreFixture.LEASE_MILLIS));
    }

    private static StorageException.Kind kindOf(Future<?> failing) {
        return assertThrows(StorageException.class, () -> get(failing)).kind();
    }

    private List<Long> nodesSeenBy(long node) {
        return renew(node).nodes().stream().map(LiveNode::incarnation).toList();
    }

    private LaneState lane(Lease of, long seenBy) {
        return renew(seenBy).lanes().get(of.lanes().getFirst().laneId() - 1);
    }

    @Test
    void aHeartbeatTellsOfAllNodesAndLanes() {
        Lease a = store().node("a", HERE);
        Lease b = store().node("b", THERE);
        Lease alone = store().node("alone", Optional.empty());
        Heartbeat seen = renew(b.incarnation());
        assertEquals(
                List.of(
                        new LiveNode(a.incarnation(), "a", HERE),
                        new LiveNode(b.incarnation(), "b", THERE),
                        new LiveNode(alone.incarnation(), "alone", Optional.empty())),
                seen.nodes());
        assertEquals(
                List.of(1, 2, 3), seen.lanes().stream().map(LaneState::laneId).toList());
        assertEquals(
                List.of(a.incarnation(), b.incarnation(), alone.incarnation()),
                seen.lanes().stream().map(LaneState::owner).toList());
        for (LaneState lane : seen.lanes()) {
            assertEquals(seen.heads().get(lane.laneId()), lane.head());
            assertTrue(lane.head() > 0);
            assertEquals(0, lane.last(), "nothing was written");
        }
    }

    @Test
    void aNodeWhoseLeaseHasRunOutIsNotAmongTheLiveOnes() {
        Lease a = store().node("a", HERE);
        Lease b = store().node("b", THERE);
        store().letLeasePass(a.incarnation());
        assertEquals(List.of(b.incarnation()), nodesSeenBy(b.incarnation()));
        assertEquals(a.incarnation(), lane(a, b.incarnation()).owner(), "nobody has ended it yet");
        assertEquals(List.of(a.incarnation(), b.incarnation()), nodesSeenBy(a.incarnation()), "it renewed in time");
    }

    /** A lane that is free in a heartbeat has no live owner in it. */
    @Test
    void anEndedNodesLanesAreWithoutOwner() {
        Lease a = store().node("a", HERE);
        Lease b = store().node("b", THERE);
        store().endNode(a.incarnation());
        assertEquals(0, lane(a, b.incarnation()).owner());
        assertEquals(List.of(b.incarnation()), nodesSeenBy(b.incarnation()));
    }

    @Test
    void theLastMessageOfALaneIsKnownAndHeadsAloneDoNotRaiseIt() {
        Lease a = store().node("a", HERE);
        long node = a.incarnation();
        Lease b = store().node("b", THERE);
        Claimed.Owned owned = store().own(claim("c", node));
        store().subscribe(owned, subscription("t", 1));
        get(store().store().filters().catchUp());
        StoreFixture.Matching stored = store().matching("t", "x");
        assertTrue(store().append(node, stored));
        assertEquals(stored.id(), lane(a, b.incarnation()).last());
        assertEquals(stored.id(), lane(a, b.incarnation()).head());

        assertTrue(store().append(node, message("nobody", "x")), "it matches no filter");
        LaneState after = lane(a, b.incarnation());
        assertTrue(after.head() > stored.id());
        assertEquals(stored.id(), after.last());
        store().passSeconds(1);
        LaneEvents.await(
                () -> {
                    store().writer(node).touch();
                    return lane(a, b.incarnation()).head() > after.head();
                },
                "head moved");
        assertEquals(stored.id(), lane(a, b.incarnation()).last());

        StoreFixture.Matching second = store().matching("t", "y");
        assertTrue(store().append(node, second));
        assertEquals(second.id(), lane(a, b.incarnation()).last());
    }

    @Test
    void theHeadsOfFreeLanesRiseWithoutMessages() {
        Lease a = store().node("a", HERE);
        Lease b = store().node("b", THERE);
        Claimed.Owned owned = store().own(claim("c", a.incarnation()));
        store().subscribe(owned, subscription("t", 1));
        get(store().store().filters().catchUp());
        StoreFixture.Matching stored = store().matching("t", "x");
        assertTrue(store().append(a.incarnation(), stored));
        store().endNode(a.incarnation());
        store().passSeconds(2);
        LaneEvents.await(() -> lane(a, b.incarnation()).head() > stored.id(), "head rose");
        assertEquals(stored.id(), lane(a, b.incarnation()).last());
        Lease again = store().node("a", HERE);
        assertEquals(a.lanes().getFirst().laneId(), again.lanes().getFirst().laneId());
        assertEquals(stored.id(), lane(again, b.incarnation()).last());
    }

    /** I4, I5, I8 */
    @Test
    void aRevokedNodeHasLostEverything() {
        Lease me = store().node("me", HERE);
        Lease victim = store().node("victim", THERE);
        Claimed.Owned theirs = store().own(expiring(withWill(claim("c", victim.incarnation()), 0), 10));
        Claimed.Owned mine = store().own(withWill(claim("d", me.incarnation()), 0));

        assertTrue(get(leases().revoke(me.incarnation(), victim.incarnation())), "its lease was valid");
        assertFalse(get(leases().revoke(me.incarnation(), victim.incarnation())), "it is gone");
        assertEquals(0, lane(victim, me.incarnation()).owner());
        assertEquals(List.of(me.incarnation()), nodesSeenBy(me.incarnation()));
        assertEquals(
                List.of(theirs.willId()),
                get(store().wills().due(10)).stream().map(DueWill::willId).toList());
        assertFalse(get(store().sessions().checkpoint(StoreFixture.checkpoint(theirs), true)), "it comes late");
        assertTrue(get(store().sessions().checkpoint(StoreFixture.checkpoint(mine), true)));

        assertEquals(
                StorageException.Kind.FENCED, kindOf(leases().renew(victim.incarnation(), StoreFixture.LEASE_MILLIS)));
        assertEquals(StorageException.Kind.FENCED, kindOf(store().sessions().claim(claim("e", victim.incarnation()))));
        store().writer(victim.incarnation()).append(store().matching("t", "x"));
        get(store().fenced(victim.incarnation()));
        store().passSeconds(11);
        assertEquals(1, get(store().sessions().endExpired(10)), "its session went offline");
        assertTrue(store().append(me.incarnation(), message("t", "x")));
    }

    @Test
    void whoWasRevokedRevokesNobody() {
        long a = store().node();
        long b = store().node();
        assertTrue(get(leases().revoke(a, b)));
        assertEquals(StorageException.Kind.FENCED, kindOf(leases().revoke(b, a)));
        assertEquals(List.of(a), nodesSeenBy(a));
        assertTrue(store().append(a, message("t", "x")));
    }

    @Test
    void whoseLeaseHasRunOutRevokesNobodyUntilItHasRenewed() {
        long a = store().node();
        long b = store().node();
        store().letLeasePass(a);
        assertEquals(StorageException.Kind.TRANSIENT, kindOf(leases().revoke(a, b)));
        assertEquals(List.of(b), nodesSeenBy(b));
        renew(a);
        assertTrue(get(leases().revoke(a, b)));
    }

    @Test
    void aNodeWhoseLeaseHasRunOutMayBeRevoked() {
        long a = store().node();
        long b = store().node();
        store().letLeasePass(b);
        renew(a);
        assertTrue(get(leases().revoke(a, b)));
        assertEquals(List.of(), get(leases().endExpired()));
    }

    @Test
    void theSecretIsOneAndLongEnough() {
        byte[] secret = get(leases().secret());
        assertEquals(32, secret.length);
        assertArrayEquals(secret, get(leases().secret()));
    }

    @Test
    void anotherLiveProcessOfTheSameNameIsFound() {
        long a = store().node("a", HERE).incarnation();
        assertFalse(get(leases().hasNamesake("a", a)));
        long b = store().node("b", THERE).incarnation();
        assertFalse(get(leases().hasNamesake("a", a)));
        assertTrue(get(leases().hasNamesake("b", a)));
        long again = store().node("a", THERE).incarnation();
        assertTrue(get(leases().hasNamesake("a", a)));
        assertTrue(get(leases().hasNamesake("a", again)));
        store().letLeasePass(a);
        renew(again);
        renew(b);
        assertFalse(get(leases().hasNamesake("a", again)), "its lease has run out");
    }

    @Test
    void theLeaseOfANamesakeThatRunsMovesOnAndThatOfOneThatDoesNotStays() {
        long first = store().node("a", HERE).incarnation();
        long second = store().node("a", THERE).incarnation();
        store().node("b", THERE);
        List<Namesake> before = get(leases().namesakes("a"));
        assertEquals(
                List.of(first, second),
                before.stream().map(Namesake::incarnation).toList());
        get(leases().renew(second, StoreFixture.LEASE_MILLIS + 1_000));
        List<Namesake> after = get(leases().namesakes("a"));
        assertEquals(before.getFirst(), after.getFirst());
        assertEquals(second, after.getLast().incarnation());
        assertTrue(after.getLast().leaseUntilMicros() > before.getLast().leaseUntilMicros());
        renew(second);
        get(leases().release(first));
        store().letLeasePass(second);
        assertEquals(List.of(), get(leases().namesakes("a")));
    }

    @Test
    void namesakesAreEndedWithTheirAddresses() {
        long old = store().node("a", HERE).incarnation();
        long b = store().node("b", THERE).incarnation();
        get(leases().endNamesakes("a"));
        assertEquals(List.of(b), nodesSeenBy(b));
        assertEquals(StorageException.Kind.FENCED, kindOf(leases().renew(old, StoreFixture.LEASE_MILLIS)));
    }

    /** The receipt of a QoS 2 message and its session's epoch: a revoked node's append must not come through later. */
    @Test
    void whatARevokedNodeHadOnItsWayIsRefusedByOthers() {
        long a = store().node();
        long b = store().node();
        Claimed.Owned owned = store().own(claim("c", a));
        assertTrue(get(leases().revoke(b, a)));
        assertFalse(store().append(
                        b, message("t", "x"), new Append.Receipt(owned.sessionId(), owned.epoch(), number(), 1), 0));
        Claimed.Owned next = store().own(claim("c", b));
        assertTrue(next.sessionPresent());
        assertTrue(next.epoch() > owned.epoch());
    }
}
