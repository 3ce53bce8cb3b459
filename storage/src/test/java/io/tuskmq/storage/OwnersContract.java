package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.claim;
import static io.tuskmq.storage.StoreFixture.clean;
import static io.tuskmq.storage.StoreFixture.expiring;
import static io.tuskmq.storage.StoreFixture.forced;
import static io.tuskmq.storage.StoreFixture.get;
import static io.tuskmq.storage.StoreFixture.subscription;
import static io.tuskmq.storage.StoreFixture.withWill;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Sessions.Claim;
import io.tuskmq.storage.Sessions.Claimed;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a claim finds of a session that another node has or had, whatever stands behind it (I5). */
abstract class OwnersContract {
    abstract StoreFixture store();

    private boolean isHeld(Claimed.Owned owned) {
        return get(store().sessions().checkpoint(StoreFixture.checkpoint(owned), true));
    }

    /** Whatever the claim asks for: nothing of the session, and nothing of the claim, is left changed. */
    @Test
    void aSessionThatALiveNodeHasIsLeftAsItIs() {
        long a = store().node();
        long b = store().node();
        Claimed.Owned held = store().own(withWill(claim("phone", a), 0));
        store().subscribe(held, subscription("chat/#", 1));
        Claim base = withWill(claim("phone", b), 0);
        for (Claim asked : List.of(base, clean(base), expiring(base, 0), expiring(clean(base), 0))) {
            assertEquals(new Claimed.OwnedElsewhere(a), get(store().sessions().claim(asked)), asked.toString());
            assertTrue(isHeld(held));
            assertEquals(List.of(), get(store().wills().due(10)));
        }
        store().endNode(b);
        assertEquals(List.of(), get(store().wills().due(10)), "no will of the claims is left");
        assertEquals(1, get(store().sessions().count()));
        assertEquals(1, store().own(claim("phone", a)).state().subscriptions().size());
    }

    @Test
    void withForceACleanStartEndsASessionThatALiveNodeHas() {
        long a = store().node();
        Claimed.Owned held = store().own(withWill(claim("phone", a), 30));
        store().subscribe(held, subscription("chat/#", 1));
        Claimed.Owned taken = store().own(forced(clean(claim("phone", store().node()))));
        assertFalse(taken.sessionPresent());
        assertEquals(List.of(), taken.state().subscriptions());
        assertEquals(1, taken.dueWills().size(), "its session has ended");
        assertFalse(isHeld(held));
    }

    @Test
    void aSessionWhoseOwnersLeaseHasRunOutIsTakenWithoutForce() {
        long a = store().node();
        Claimed.Owned resumed = store().own(claim("phone", a));
        Claimed.Owned cleaned = store().own(claim("tablet", a));
        store().letLeasePass(a);
        long b = store().node();
        Claimed.Owned phone = store().own(claim("phone", b));
        assertTrue(phone.sessionPresent());
        assertTrue(phone.epoch() > resumed.epoch());
        assertFalse(store().own(clean(claim("tablet", b))).sessionPresent());
        assertFalse(isHeld(resumed));
        assertFalse(isHeld(cleaned));
        get(store().store().leases().renew(a, StoreFixture.LEASE_MILLIS));
        assertEquals(new Claimed.OwnedElsewhere(b), get(store().sessions().claim(claim("phone", a))));
    }

    @Test
    void aSessionWhoseOwnerIsGoneIsTakenWithoutForce() {
        long a = store().node();
        long b = store().node();
        Claimed.Owned resumed = store().own(claim("phone", a));
        Claimed.Owned cleaned = store().own(claim("tablet", a));
        store().endNode(a);
        assertTrue(store().own(claim("phone", b)).sessionPresent());
        assertFalse(store().own(clean(claim("tablet", b))).sessionPresent());
        assertFalse(isHeld(resumed));
        assertFalse(isHeld(cleaned));
    }

    /** The end of the node that had it before must not touch the session of who has it now. */
    @Test
    void theEndOfAFormerOwnerLeavesTheSessionAlone() {
        long a = store().node();
        long b = store().node();
        store().own(withWill(claim("phone", a), 0));
        Claimed.Owned taken = store().own(forced(claim("phone", b)));
        assertTrue(get(store().store().leases().revoke(b, a)));
        assertTrue(isHeld(taken));
        assertEquals(1, get(store().wills().due(10)).size(), "the one that was due when it was taken");
    }

    @Test
    void aSessionWithoutOwnerIsAnybodys() {
        long a = store().node();
        long b = store().node();
        assertTrue(store().releaseNow(store().own(claim("phone", a))));
        assertTrue(store().releaseNow(store().own(claim("phone", b))));
        assertTrue(store().own(claim("phone", a)).sessionPresent());
    }
}
