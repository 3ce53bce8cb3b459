package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.HOUR;
import static io.tuskmq.storage.StoreFixture.claim;
import static io.tuskmq.storage.StoreFixture.clean;
import static io.tuskmq.storage.StoreFixture.expiring;
import static io.tuskmq.storage.StoreFixture.forced;
import static io.tuskmq.storage.StoreFixture.get;
import static io.tuskmq.storage.StoreFixture.message;
import static io.tuskmq.storage.StoreFixture.release;
import static io.tuskmq.storage.StoreFixture.subscription;
import static io.tuskmq.storage.StoreFixture.withWill;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Sessions.Checkpoint;
import io.tuskmq.storage.Sessions.Claim;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.SessionState;
import io.tuskmq.storage.Sessions.StoredSubscription;
import io.tuskmq.storage.Sessions.SubscriptionKey;
import io.tuskmq.storage.Sessions.WillAction;
import io.tuskmq.storage.Wills.DueWill;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A call whose caller gave it up may be carried out after a newer one: what {@link Sessions} promises then. */
abstract class LateCallsContract {
    private static final SubscriptionKey CHAT = new SubscriptionKey("chat", "");

    abstract StoreFixture store();

    private Claimed.Owned own() {
        return store().own(claim("phone", store().node()));
    }

    private SessionState claimedAnew() {
        return store().own(forced(claim("phone", store().node()))).state();
    }

    private boolean checkpoint(Claimed.Owned owned, long number, int mark) {
        return get(store().sessions()
                .checkpoint(
                        new Checkpoint(owned.sessionId(), owned.epoch(), number, new long[] {mark}, inflight(mark)),
                        number % 2 == 0));
    }

    private static byte[] inflight(int mark) {
        return new byte[] {0x7f, 0, 0, 0, 0, 0, 0, 0, (byte) mark};
    }

    private List<StoredSubscription> subscribe(Claimed.Owned owned, long number) {
        return get(store().sessions()
                .subscribe(owned.sessionId(), owned.epoch(), number, List.of(subscription("chat", 1))));
    }

    private List<Boolean> unsubscribe(Claimed.Owned owned, long number) {
        return get(store().sessions().unsubscribe(owned.sessionId(), owned.epoch(), number, List.of(CHAT)));
    }

    private boolean progress(Claimed.Owned owned, long number, @Nullable String after) {
        return get(store().sessions().retainedProgress(owned.sessionId(), owned.epoch(), number, CHAT, after));
    }

    private boolean forget(Claimed.Owned owned, long number) {
        return get(store().sessions().forgetReceipt(owned.sessionId(), owned.epoch(), number, 7));
    }

    private boolean append(long node, Claimed.Owned owned, long number) {
        return store().append(
                        node, message("x", ""), new Append.Receipt(owned.sessionId(), owned.epoch(), number, 7), 0);
    }

    /** I3: a QoS 2 packet id that a newer checkpoint says is completed must not come back. */
    @Test
    void aLateCheckpointChangesNothing() {
        Claimed.Owned owned = own();
        assertTrue(checkpoint(owned, 2, 20));
        assertTrue(checkpoint(owned, 1, 10), "the session is still held");
        assertTrue(checkpoint(owned, 2, 21), "it is in already");
        SessionState found = claimedAnew();
        assertArrayEquals(inflight(20), found.inflight());
        assertEquals(20, found.cursor().get(1));
    }

    @Test
    void eachClaimCountsAnew() {
        Claimed.Owned first = own();
        assertTrue(checkpoint(first, 50, 1));
        subscribe(first, 50);
        Claimed.Owned second = store().own(forced(claim("phone", store().node())));
        assertTrue(checkpoint(second, 1, 2));
        assertEquals(List.of(true), unsubscribe(second, 1));
        SessionState found = claimedAnew();
        assertArrayEquals(inflight(2), found.inflight());
        assertEquals(List.of(), found.subscriptions());
    }

    @Test
    void aLateUnsubscribeLeavesTheNewSubscription() {
        Claimed.Owned owned = own();
        subscribe(owned, 1);
        assertEquals(List.of(true), unsubscribe(owned, 2));
        subscribe(owned, 3);
        assertEquals(List.of(), unsubscribe(owned, 2));
        assertEquals(1, claimedAnew().subscriptions().size());
    }

    @Test
    void aLateSubscribeBringsNothingBack() {
        Claimed.Owned owned = own();
        assertEquals(1, subscribe(owned, 1).size());
        assertEquals(List.of(true), unsubscribe(owned, 2));
        assertEquals(List.of(), subscribe(owned, 1));
        assertEquals(List.of(), claimedAnew().subscriptions());
    }

    /** The answer to the first attempt was lost. */
    @Test
    void aRepeatedChangeIsAnsweredAgain() {
        Claimed.Owned owned = own();
        List<StoredSubscription> stored = subscribe(owned, 1);
        assertEquals(stored, subscribe(owned, 1));
        assertTrue(progress(owned, 2, "chat"));
        assertEquals("chat", subscribe(owned, 1).getFirst().retainedAfter(), "it is only read");
        assertEquals(List.of(true), unsubscribe(owned, 3));
        assertEquals(List.of(true), unsubscribe(owned, 3));
        assertEquals(List.of(false), unsubscribe(owned, 4));
    }

    @Test
    void aLateProgressChangesNothing() {
        Claimed.Owned owned = own();
        subscribe(owned, 1);
        assertTrue(progress(owned, 2, "a"));
        assertTrue(progress(owned, 3, null));
        assertTrue(progress(owned, 2, "a"));
        assertNull(subscribe(owned, 1).getFirst().retainedAfter());
        subscribe(owned, 4);
        assertTrue(progress(owned, 3, null));
        assertEquals("", subscribe(owned, 4).getFirst().retainedAfter(), "the new subscription's begin anew");
        Claimed.Owned next = store().own(forced(claim("phone", store().node())));
        assertTrue(progress(next, 1, "b"));
        assertEquals("b", claimedAnew().subscriptions().getFirst().retainedAfter());
    }

    /** I3: else the client's PUBLISH that is sent again would be stored twice. */
    @Test
    void aLateForgetLeavesTheNewReceipt() {
        long node = store().node();
        Claimed.Owned owned = store().own(claim("phone", node));
        assertTrue(append(node, owned, 1));
        assertTrue(forget(owned, 2));
        assertTrue(append(node, owned, 3));
        assertTrue(forget(owned, 2), "the session is still held");
        assertFalse(append(node, owned, 4));
        assertTrue(forget(owned, 5));
        assertTrue(append(node, owned, 6));
    }

    @Test
    void aReceiptOfAnEarlierClaimIsForgotten() {
        long node = store().node();
        Claimed.Owned first = store().own(claim("phone", node));
        assertTrue(append(node, first, 9));
        Claimed.Owned second = store().own(claim("phone", node));
        assertEquals(List.of(7), second.state().receipts());
        assertFalse(forget(first, 10));
        assertTrue(forget(second, 1));
        assertEquals(List.of(), claimedAnew().receipts());
    }

    // --- claims

    private List<Long> wills(Claimed.Owned owned) {
        return owned.dueWills().stream().map(DueWill::willId).toList();
    }

    @Test
    void anAbandonedClaimLeavesAnOfflineSessionWithoutItsWill() {
        long node = store().node();
        Claim claim = withWill(expiring(claim("phone", node), 10), 0);
        Claimed.Owned owned = store().own(claim);
        for (int times = 0; times < 2; times++) {
            get(store().sessions().abandon(claim));
            assertFalse(checkpoint(owned, 1, 1));
        }
        store().endNode(node);
        assertEquals(List.of(), get(store().wills().due(10)));
        store().passSeconds(11);
        assertEquals(1, get(store().sessions().endExpired(10)));
        assertEquals(List.of(), get(store().wills().due(10)));
    }

    /** The will of a connection that was never accepted is not published by the client's next one. */
    @Test
    void theNextClaimFindsNoWillOfAnAbandonedOne() {
        long node = store().node();
        Claim claim = withWill(claim("phone", node), 0);
        store().own(claim);
        get(store().sessions().abandon(claim));
        Claimed.Owned next = store().own(withWill(claim("phone", node), 0));
        assertTrue(next.sessionPresent());
        assertEquals(List.of(), wills(next));
        Claim clean = withWill(expiring(clean(claim("tablet", node)), 0), 0);
        store().own(clean);
        get(store().sessions().abandon(clean));
        assertEquals(List.of(), wills(store().own(clean(claim("tablet", node)))));
    }

    @Test
    void aClaimThatComesAfterItWasAbandonedDoesNothing() {
        Claim claim = withWill(claim("phone", store().node()), 0);
        get(store().sessions().abandon(claim));
        StorageException e = assertThrows(
                StorageException.class, () -> get(store().sessions().claim(claim)));
        assertEquals(StorageException.Kind.TRANSIENT, e.kind());
        assertEquals(0, get(store().sessions().count()));
        assertEquals(List.of(), wills(store().own(claim("phone", store().node()))));
    }

    @Test
    void abandoningLeavesANewerClaimAlone() {
        long node = store().node();
        Claim old = withWill(claim("phone", node), 0);
        store().own(old);
        Claimed.Owned newer = store().own(withWill(claim("phone", node), 0));
        assertEquals(1, wills(newer).size(), "it could not know");
        get(store().sessions().abandon(old));
        assertTrue(checkpoint(newer, 1, 1));
        assertTrue(get(store().sessions().release(release(newer, HOUR, new WillAction.Schedule(0)))));
        assertEquals(
                List.of(newer.willId()),
                get(store().wills().due(10)).stream().map(DueWill::willId).toList());
    }

    /** A CONNECT that was refused, whatever it asked for, leaves the session as it was. */
    @Test
    void anAbandonedClaimLeavesTheExpiryAsItWas() {
        long node = store().node();
        Claimed.Owned first = store().own(expiring(claim("phone", node), 5));
        // A DISCONNECT may ask for another one.
        assertTrue(get(store().sessions().release(release(first, HOUR, new WillAction.Nothing()))));
        Claim brief = expiring(claim("phone", node), 0);
        store().own(brief);
        store().own(brief); // repeated: nobody heard of the first time
        get(store().sessions().abandon(brief));
        store().passSeconds(10);
        assertEquals(0, get(store().sessions().endExpired(10)));
        assertTrue(store().own(claim("phone", node)).sessionPresent());
    }

    @Test
    void aReleasedSessionIsNotReleasedAgain() {
        Claim claim = expiring(claim("phone", store().node()), 10);
        Claimed.Owned owned = store().own(claim);
        assertTrue(get(store().sessions().release(release(owned, 10, new WillAction.Nothing()))));
        store().passSeconds(6);
        get(store().sessions().abandon(claim));
        store().passSeconds(6);
        assertEquals(1, get(store().sessions().endExpired(10)), "its expiry began with the release");
    }

    /** Nobody heard of the first time. */
    @Test
    void aRepeatedClaimHasOneWill() {
        Claim claim = withWill(claim("phone", store().node()), 0);
        store().own(claim);
        Claimed.Owned again = store().own(claim);
        assertEquals(List.of(), wills(again));
        assertEquals(List.of(again.willId()), wills(store().own(forced(claim("phone", store().node())))));
    }
}
