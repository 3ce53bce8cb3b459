package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.HOUR;
import static io.tuskmq.storage.StoreFixture.as;
import static io.tuskmq.storage.StoreFixture.claim;
import static io.tuskmq.storage.StoreFixture.clean;
import static io.tuskmq.storage.StoreFixture.expiring;
import static io.tuskmq.storage.StoreFixture.forced;
import static io.tuskmq.storage.StoreFixture.get;
import static io.tuskmq.storage.StoreFixture.message;
import static io.tuskmq.storage.StoreFixture.number;
import static io.tuskmq.storage.StoreFixture.release;
import static io.tuskmq.storage.StoreFixture.subscription;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Sessions.Checkpoint;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.StoredSubscription;
import io.tuskmq.storage.Sessions.SubscriptionKey;
import io.tuskmq.storage.Sessions.WillAction;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What {@link Sessions} promises, whatever stands behind it. */
abstract class SessionsContract {
    private static final Append.Receipt NO_RECEIPT = new Append.Receipt(0, 0, 1, 1);

    abstract StoreFixture store();

    @Test
    void aNewSessionIsNotPresentAndStartsAtTheHeads() {
        long node = store().node();
        Claimed.Owned owned = store().own(claim("phone", node));
        assertTrue(owned.sessionId() > 0);
        assertTrue(get(store().sessions().exists("phone")));
        assertFalse(get(store().sessions().exists("phon")));
        assertFalse(owned.sessionPresent());
        assertEquals(1, owned.state().cursor().lanes());
        assertTrue(owned.state().cursor().get(1) > 0);
        assertEquals(List.of(), owned.state().subscriptions());
        assertEquals(1, get(store().sessions().count()));
    }

    /** [MQTT-3.1.2-4] [MQTT5-3.1.2-5] */
    @Test
    void aReturningClientFindsItsWholeState() {
        long node = store().node();
        Claimed.Owned first = store().own(claim("phone", node));
        List<StoredSubscription> stored =
                store().subscribe(first, subscription("chat/#", 1), subscription("news/+", 0));
        assertTrue(store().append(
                        node,
                        message("x", "qos 2"),
                        new Append.Receipt(first.sessionId(), first.epoch(), number(), 9),
                        0));
        long[] cursor = {first.state().cursor().get(1) + 5, 77};
        byte[] inflight = {1, 2, 3, 0, 0, 0, 0, 0, 9};
        assertTrue(get(store().sessions()
                .checkpoint(new Checkpoint(first.sessionId(), first.epoch(), number(), cursor, inflight), true)));
        assertTrue(get(store().sessions()
                .release(new Sessions.Release(
                        new Checkpoint(first.sessionId(), first.epoch(), number(), cursor, inflight),
                        HOUR,
                        0,
                        new WillAction.Nothing()))));

        Claimed.Owned second = store().own(claim("phone", store().node()));
        assertTrue(second.sessionPresent());
        assertEquals(first.sessionId(), second.sessionId());
        assertTrue(second.epoch() > first.epoch());
        assertArrayEquals(cursor, second.state().cursor().toArray());
        assertArrayEquals(inflight, second.state().inflight());
        assertEquals(stored, second.state().subscriptions());
        assertEquals(List.of(9), second.state().receipts());
    }

    @Test
    void manyClaimsAtOnceAreEachAnswered() {
        long node = store().node();
        var claims = IntStream.range(0, 250)
                .mapToObj(i -> store().sessions().claim(claim("client" + i % 125, node)))
                .toList();
        var ids = claims.stream()
                .map(StoreFixture::get)
                .map(Claimed.Owned.class::cast)
                .toList();
        for (int i = 0; i < 125; i++) {
            assertEquals(ids.get(i).sessionId(), ids.get(i + 125).sessionId());
            assertEquals(
                    Set.of(1L, 2L), Set.of(ids.get(i).epoch(), ids.get(i + 125).epoch()));
        }
        assertEquals(125, get(store().sessions().count()));
    }

    @Test
    void anotherPrincipalIsRefusedAndChangesNothing() {
        long node = store().node();
        Claimed.Owned alices = store().own(claim("phone", node));
        for (Sessions.Claim theirs :
                List.of(as(claim("phone", node), "mallory"), clean(as(claim("phone", node), "mallory")))) {
            assertEquals(new Claimed.OtherPrincipal(), get(store().sessions().claim(theirs)));
        }
        assertTrue(get(store().sessions().checkpoint(StoreFixture.checkpoint(alices), true)));
    }

    @Test
    void aLiveNodeIsAskedBeforeItsSessionIsTaken() {
        long a = store().node();
        long b = store().node();
        Claimed.Owned held = store().own(claim("phone", a));
        assertEquals(new Claimed.OwnedElsewhere(a), get(store().sessions().claim(claim("phone", b))));
        assertTrue(get(store().sessions().checkpoint(StoreFixture.checkpoint(held), true)));
        assertTrue(store().own(forced(claim("phone", b))).sessionPresent());
        assertFalse(get(store().sessions().checkpoint(StoreFixture.checkpoint(held), true)));
    }

    @Test
    void aNodeWithoutValidLeaseIsNotAsked() {
        long a = store().node();
        store().own(claim("phone", a));
        store().letLeasePass(a);
        assertTrue(store().own(claim("phone", store().node())).sessionPresent());
    }

    /** I4 */
    @Test
    void aRevokedNodeClaimsNothing() {
        long a = store().node();
        store().endNode(a);
        StorageException e = assertThrows(
                StorageException.class, () -> get(store().sessions().claim(claim("phone", a))));
        assertEquals(StorageException.Kind.FENCED, e.kind());
        assertEquals(0, get(store().sessions().count()));
    }

    /** I4: whoever lost the session can write nothing of it any more. */
    @Test
    void theLoserOfASessionWritesNothing() {
        long a = store().node();
        Claimed.Owned loser = store().own(claim("phone", a));
        store().subscribe(loser, subscription("chat/#", 1));
        assertTrue(store().append(
                        a, message("x", ""), new Append.Receipt(loser.sessionId(), loser.epoch(), number(), 3), 0));
        Claimed.Owned winner = store().own(forced(claim("phone", store().node())));

        Sessions sessions = store().sessions();
        long id = loser.sessionId();
        long epoch = loser.epoch();
        assertFalse(
                get(sessions.checkpoint(new Checkpoint(id, epoch, number(), new long[] {1}, new byte[] {9}), true)));
        assertFalse(
                get(sessions.checkpoint(new Checkpoint(id, epoch, number(), new long[] {1}, new byte[] {9}), false)));
        assertFalse(get(sessions.release(release(loser, 0, new WillAction.Drop()))));
        assertEquals(List.of(), store().subscribe(loser, subscription("more/#", 1)));
        assertEquals(
                List.of(), get(sessions.unsubscribe(id, epoch, number(), List.of(new SubscriptionKey("chat/#", "")))));
        assertFalse(get(sessions.retainedProgress(id, epoch, number(), new SubscriptionKey("chat/#", ""), "z")));
        assertFalse(get(sessions.forgetReceipt(id, epoch, number(), 3)));
        assertFalse(store().append(a, message("x", ""), new Append.Receipt(id, epoch, number(), 4), 0));

        store().releaseNow(winner);
        Claimed.Owned again = store().own(claim("phone", store().node()));
        assertEquals(loser.state().cursor(), again.state().cursor());
        assertArrayEquals(new byte[0], again.state().inflight());
        assertEquals(List.of(3), again.state().receipts());
        assertEquals(1, again.state().subscriptions().size());
        assertEquals("", again.state().subscriptions().getFirst().retainedAfter());
    }

    /** What was on its way when the connection ended must not undo its last checkpoint. */
    @Test
    void nothingComesAfterTheRelease() {
        long node = store().node();
        Claimed.Owned owned = store().own(claim("phone", node));
        assertTrue(store().releaseNow(owned));
        assertFalse(get(store().sessions()
                .checkpoint(
                        new Checkpoint(owned.sessionId(), owned.epoch(), number(), new long[] {1}, new byte[] {9}),
                        false)));
        assertFalse(store().releaseNow(owned));
        assertFalse(store().append(
                        node, message("x", ""), new Append.Receipt(owned.sessionId(), owned.epoch(), number(), 4), 0));
    }

    /** [MQTT-3.1.2-6] [MQTT5-3.1.2-4] */
    @Test
    void aCleanStartEndsTheOldSession() {
        long node = store().node();
        Claimed.Owned old = store().own(claim("phone", node));
        store().subscribe(old, subscription("chat/#", 1));
        store().append(node, message("x", ""), new Append.Receipt(old.sessionId(), old.epoch(), number(), 3), 0);
        Claimed.Owned fresh = store().own(clean(claim("phone", node)));
        assertFalse(fresh.sessionPresent());
        assertNotEquals(old.sessionId(), fresh.sessionId());
        assertEquals(List.of(), fresh.state().subscriptions());
        assertEquals(List.of(), fresh.state().receipts());
        assertFalse(get(store().sessions().checkpoint(StoreFixture.checkpoint(old), true)));
        assertEquals(1, get(store().sessions().count()));
    }

    /** I10 */
    @Test
    void aCleanSessionIsNotStored() {
        long node = store().node();
        store().own(claim("phone", node));
        Claimed.Owned owned = store().own(expiring(clean(claim("phone", node)), 0));
        assertEquals(0, owned.sessionId());
        assertEquals(0, owned.willId());
        assertEquals(0, get(store().sessions().count()));
    }

    /** [MQTT5-3.1.2-23]: a session that is resumed with an expiry of 0 ends with this connection. */
    @Test
    void aResumedSessionMayEndWithItsConnection() {
        long node = store().node();
        store().releaseNow(store().own(claim("phone", node)));
        Claimed.Owned owned = store().own(expiring(claim("phone", node), 0));
        assertTrue(owned.sessionPresent());
        assertTrue(get(store().sessions().release(release(owned, 0, new WillAction.Nothing()))));
        assertEquals(0, get(store().sessions().count()));
    }

    @Test
    void expiryStartsWithTheEndOfTheConnection() {
        long node = store().node();
        Claimed.Owned online = store().own(expiring(claim("online", node), 1_000));
        Claimed.Owned offline = store().own(expiring(claim("offline", node), 1_000));
        Claimed.Owned forever = store().own(expiring(claim("forever", node), Sessions.NEVER_EXPIRES));
        assertTrue(get(store().sessions().release(release(offline, 1_000, new WillAction.Nothing()))));
        assertTrue(get(store().sessions().release(release(forever, Sessions.NEVER_EXPIRES, new WillAction.Nothing()))));
        store().passSeconds(800);
        assertEquals(0, get(store().sessions().endExpired(100)));
        store().passSeconds(300);
        assertEquals(1, get(store().sessions().endExpired(100)));
        assertEquals(0, get(store().sessions().endExpired(100)));
        assertTrue(get(store().sessions().checkpoint(StoreFixture.checkpoint(online), true)));
        assertTrue(store().own(claim("forever", node)).sessionPresent());
        assertFalse(store().own(claim("offline", node)).sessionPresent());
    }

    /** Whenever a sweep comes by meanwhile. */
    @Test
    void expiryStartsAnewWithEachConnection() {
        long node = store().node();
        Claimed.Owned first = store().own(expiring(claim("phone", node), 1_000));
        assertTrue(get(store().sessions().release(release(first, 1_000, new WillAction.Nothing()))));
        store().passSeconds(800);
        Claimed.Owned second = store().own(expiring(claim("phone", node), 1_000));
        assertTrue(second.sessionPresent());
        store().passSeconds(800);
        assertEquals(0, get(store().sessions().endExpired(100)), "it is connected");
        assertTrue(get(store().sessions().release(release(second, 1_000, new WillAction.Nothing()))));
        store().passSeconds(800);
        assertEquals(0, get(store().sessions().endExpired(100)));
        store().passSeconds(300);
        assertEquals(1, get(store().sessions().endExpired(100)));
    }

    @Test
    void anExpiredSessionIsGoneBeforeItIsSwept() {
        long node = store().node();
        for (String comesBack : List.of("alice", "bob")) {
            Claimed.Owned old = store().own(as(claim("phone of " + comesBack, node), "alice"));
            assertTrue(get(store().sessions().release(release(old, 10, new WillAction.Nothing()))));
            store().passSeconds(11);
            Claimed.Owned fresh = store().own(as(claim("phone of " + comesBack, node), comesBack));
            assertFalse(fresh.sessionPresent());
            assertNotEquals(old.sessionId(), fresh.sessionId());
            assertEquals(0, get(store().sessions().endExpired(100)));
        }
    }

    @Test
    void sweepsTakeAtMostTheirLimit() {
        long node = store().node();
        for (int i = 0; i < 5; i++) {
            get(store().sessions().release(release(store().own(claim("c" + i, node)), 1, new WillAction.Nothing())));
        }
        store().passSeconds(2);
        assertEquals(3, get(store().sessions().endExpired(3)));
        assertEquals(2, get(store().sessions().endExpired(3)));
    }

    @Test
    void theSessionsOfAnEndedNodeAreOffline() {
        long a = store().node();
        Claimed.Owned owned = store().own(expiring(claim("phone", a), 10));
        store().endNode(a);
        assertFalse(get(store().sessions().checkpoint(StoreFixture.checkpoint(owned), true)));
        store().passSeconds(11);
        assertEquals(1, get(store().sessions().endExpired(10)));
    }

    @Test
    void subscriptionsOfOneFilterShareItsId() {
        long node = store().node();
        Claimed.Owned a = store().own(claim("a", node));
        Claimed.Owned b = store().own(claim("b", node));
        StoredSubscription first =
                store().subscribe(a, subscription("chat/#", 1)).getFirst();
        assertTrue(first.filterId() > 0);
        assertEquals(
                first.filterId(),
                store().subscribe(b, subscription("chat/#", 2)).getFirst().filterId());
        assertEquals(
                0, store().subscribe(b, subscription("dust/#", 0)).getFirst().filterId());
    }

    /** A subscription starts at the heads of its own time; one that is replaced goes on. [MQTT-3.8.4-3] */
    @Test
    void aReplacedSubscriptionKeepsItsStart() {
        long node = store().node();
        Claimed.Owned owned = store().own(claim("a", node));
        assertTrue(store().append(node, message("chat/1", "")));
        StoredSubscription first =
                store().subscribe(owned, subscription("chat/#", 1)).getFirst();
        assertTrue(first.start().get(1) > owned.state().cursor().get(1));
        assertTrue(store().append(node, message("chat/1", "")));
        StoredSubscription replaced =
                store().subscribe(owned, subscription("chat/#", 2)).getFirst();
        assertEquals(first.start(), replaced.start());
        assertEquals(2, replaced.qos());
        StoredSubscription lowered =
                store().subscribe(owned, subscription("chat/#", 0)).getFirst();
        assertEquals(first.filterId(), lowered.filterId(), "what was appended for it is still to come");
        assertEquals(first.start(), lowered.start());
        assertEquals(0, lowered.qos());
    }

    @Test
    void aFilterNamedTwiceIsStoredOnceAndAnsweredTwice() {
        Claimed.Owned owned = store().own(claim("a", store().node()));
        List<StoredSubscription> stored =
                store().subscribe(owned, subscription("chat/#", 1), subscription("b", 1), subscription("chat/#", 2));
        assertEquals(
                List.of("chat/#", "b", "chat/#"),
                stored.stream().map(StoredSubscription::filter).toList());
        assertEquals(2, stored.getFirst().qos());
        assertEquals(stored.getFirst(), stored.getLast());
    }

    @Test
    void unsubscribingTellsWhatExisted() {
        Claimed.Owned owned = store().own(claim("a", store().node()));
        store().subscribe(owned, subscription("chat/#", 1), subscription("b", 0));
        SubscriptionKey chat = new SubscriptionKey("chat/#", "");
        assertEquals(
                List.of(true, false, false),
                get(store().sessions()
                        .unsubscribe(
                                owned.sessionId(),
                                owned.epoch(),
                                number(),
                                List.of(chat, new SubscriptionKey("chat/#", "group"), chat))));
        store().releaseNow(owned);
        assertEquals(
                List.of("b"),
                store().own(claim("a", store().node())).state().subscriptions().stream()
                        .map(StoredSubscription::filter)
                        .toList());
    }

    @Test
    void retainedProgressIsKept() {
        Claimed.Owned owned = store().own(claim("a", store().node()));
        store().subscribe(owned, subscription("x/#", 1), subscription("y/#", 1));
        Sessions sessions = store().sessions();
        assertTrue(get(sessions.retainedProgress(
                owned.sessionId(), owned.epoch(), number(), new SubscriptionKey("x/#", ""), "x/5")));
        assertTrue(get(sessions.retainedProgress(
                owned.sessionId(), owned.epoch(), number(), new SubscriptionKey("y/#", ""), null)));
        store().releaseNow(owned);
        List<StoredSubscription> found =
                store().own(claim("a", store().node())).state().subscriptions();
        assertEquals("x/5", found.getFirst().retainedAfter());
        assertNull(found.getLast().retainedAfter());
    }

    /** I3 [MQTT-4.3.3-2] */
    @Test
    void aForgottenReceiptMayComeAgain() {
        long node = store().node();
        Claimed.Owned owned = store().own(claim("a", node));
        Append.Receipt receipt = new Append.Receipt(owned.sessionId(), owned.epoch(), number(), 3);
        assertTrue(store().append(node, message("x", "1"), receipt, 0));
        assertTrue(get(store().sessions().forgetReceipt(owned.sessionId(), owned.epoch(), number(), 3)));
        assertTrue(get(store().sessions().forgetReceipt(owned.sessionId(), owned.epoch(), number(), 3)));
        assertTrue(store().append(node, message("x", "2"), receipt, 0));
        assertFalse(store().append(node, message("x", "3"), NO_RECEIPT, 0));
    }
}
