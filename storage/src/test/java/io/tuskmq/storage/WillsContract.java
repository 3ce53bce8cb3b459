package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.HOUR;
import static io.tuskmq.storage.StoreFixture.claim;
import static io.tuskmq.storage.StoreFixture.clean;
import static io.tuskmq.storage.StoreFixture.expiring;
import static io.tuskmq.storage.StoreFixture.forced;
import static io.tuskmq.storage.StoreFixture.get;
import static io.tuskmq.storage.StoreFixture.message;
import static io.tuskmq.storage.StoreFixture.release;
import static io.tuskmq.storage.StoreFixture.withWill;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.WillAction;
import io.tuskmq.storage.Wills.DueWill;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What {@link Wills}, and {@link Sessions} about wills, promise, whatever stands behind them. */
abstract class WillsContract {
    abstract StoreFixture store();

    private List<Long> due() {
        return get(store().wills().due(100)).stream().map(DueWill::willId).toList();
    }

    @Test
    void aDueWillIsWhatTheConnectSaid() {
        Claimed.Owned owned = store().own(withWill(claim("phone", store().node()), 0));
        get(store().sessions().release(release(owned, HOUR, new WillAction.Schedule(0))));
        DueWill will = get(store().wills().due(100)).getFirst();
        assertEquals(owned.willId(), will.willId());
        assertEquals("phone", will.clientId());
        assertEquals("will/phone", will.message().topic());
        assertEquals("gone", new String(will.message().payload(), StandardCharsets.UTF_8));
        assertEquals(1, will.message().qos());
        assertEquals(owned.sessionId(), will.message().publisher());
        assertEquals(60, will.messageExpirySeconds());
    }

    /** [MQTT-3.1.2-10] [MQTT5-3.14.4-3] */
    @Test
    void aNormalDisconnectDropsIt() {
        Claimed.Owned owned = store().own(withWill(claim("phone", store().node()), 0));
        get(store().sessions().release(release(owned, HOUR, new WillAction.Drop())));
        store().passSeconds(HOUR * 2);
        get(store().sessions().endExpired(10));
        assertEquals(List.of(), due());
    }

    /** [MQTT5-3.1.3-9] */
    @Test
    void aDelayedWillWaitsAndIsCalledOffByTheReturn() {
        long node = store().node();
        Claimed.Owned owned = store().own(withWill(claim("phone", node), 1_000));
        get(store().sessions().release(release(owned, HOUR, new WillAction.Schedule(1_000))));
        store().passSeconds(800);
        assertEquals(List.of(), due());
        Claimed.Owned again = store().own(claim("phone", node));
        assertEquals(List.of(), again.dueWills());
        store().passSeconds(1_000);
        assertEquals(List.of(), due());
    }

    @Test
    void aDelayedWillGoesOffAfterItsDelay() {
        Claimed.Owned owned = store().own(withWill(claim("phone", store().node()), 30));
        get(store().sessions().release(release(owned, HOUR, new WillAction.Schedule(30))));
        store().passSeconds(31);
        assertEquals(List.of(owned.willId()), due());
    }

    @Test
    void aWillThatIsDueIsNotCalledOff() {
        long node = store().node();
        Claimed.Owned owned = store().own(withWill(claim("phone", node), 30));
        get(store().sessions().release(release(owned, HOUR, new WillAction.Schedule(30))));
        store().passSeconds(31);
        Claimed.Owned again = store().own(claim("phone", node));
        assertEquals(
                List.of(owned.willId()),
                again.dueWills().stream().map(DueWill::willId).toList());
    }

    /** [MQTT5-3.1.2-8]: whichever comes first. */
    @Test
    void aWillGoesOffWhenItsSessionEnds() {
        long node = store().node();
        Claimed.Owned expires = store().own(withWill(expiring(claim("a", node), 10), 3_000));
        get(store().sessions().release(release(expires, 10, new WillAction.Schedule(3_000))));
        Claimed.Owned ends = store().own(withWill(claim("b", node), 3_000));
        get(store().sessions().release(release(ends, 0, new WillAction.Schedule(3_000))));
        Claimed.Owned cleaned = store().own(withWill(claim("c", node), 3_000));
        get(store().sessions().release(release(cleaned, HOUR, new WillAction.Schedule(3_000))));
        assertEquals(List.of(ends.willId()), due());
        Claimed.Owned fresh = store().own(clean(claim("c", node)));
        assertEquals(
                List.of(cleaned.willId()),
                fresh.dueWills().stream().map(DueWill::willId).toList());
        store().passSeconds(11);
        assertEquals(
                List.of(expires.willId(), ends.willId(), cleaned.willId()),
                due().stream().sorted().toList());
    }

    /** [MQTT5-3.1.3-9]: the old connection is closed by the new one; only a delay calls its will off. */
    @Test
    void aTakeoverPublishesTheOldWillUnlessItIsDelayed() {
        long node = store().node();
        Claimed.Owned old = store().own(withWill(claim("a", node), 0));
        Claimed.Owned fresh = store().own(forced(withWill(claim("a", store().node()), 30)));
        assertEquals(
                List.of(old.willId()),
                fresh.dueWills().stream().map(DueWill::willId).toList());
        Claimed.Owned third = store().own(forced(claim("a", store().node())));
        assertEquals(
                List.of(old.willId()),
                third.dueWills().stream().map(DueWill::willId).toList());
    }

    @Test
    void aCleanSessionsWillIsStoredAndDropped() {
        long node = store().node();
        Claimed.Owned owned = store().own(withWill(expiring(clean(claim("a", node)), 0), 0));
        assertEquals(0, owned.sessionId());
        assertTrue(owned.willId() > 0);
        get(store().wills().apply(owned.willId(), new WillAction.Nothing()));
        assertEquals(List.of(), due());
        get(store().wills().apply(owned.willId(), new WillAction.Drop()));
        store().endNode(node);
        store().passSeconds(10);
        assertEquals(List.of(), due());
    }

    /** The session of such a will ended with its connection: a delay has nothing to wait for. */
    @Test
    void aCleanSessionsWillIsDueAtOnce() {
        Claimed.Owned owned = store().own(withWill(expiring(clean(claim("a", store().node())), 0), 30));
        get(store().wills().apply(owned.willId(), new WillAction.Schedule(30)));
        assertEquals(List.of(owned.willId()), due());
    }

    @Test
    void theWillsOfAnEndedNodeAreDue() {
        long node = store().node();
        Claimed.Owned clean = store().own(withWill(expiring(clean(claim("a", node)), 0), 30));
        Claimed.Owned delayed = store().own(withWill(claim("b", node), 30));
        Claimed.Owned dropped = store().own(withWill(claim("c", node), 30));
        get(store().sessions().release(release(dropped, HOUR, new WillAction.Drop())));
        store().endNode(node);
        assertEquals(List.of(clean.willId()), due());
        store().passSeconds(31);
        assertEquals(
                List.of(clean.willId(), delayed.willId()),
                due().stream().sorted().toList());
    }

    /** I8 */
    @Test
    void onlyOneAppendConsumesIt() {
        long node = store().node();
        Claimed.Owned owned = store().own(withWill(claim("a", node), 0));
        get(store().sessions().release(release(owned, HOUR, new WillAction.Schedule(0))));
        assertTrue(store().append(node, message("will/a", "gone"), null, owned.willId()));
        assertFalse(store().append(store().node(), message("will/a", "gone"), null, owned.willId()));
        assertEquals(List.of(), due());
    }

    @Test
    void dueWillsComeOldestFirstAndLimited() {
        long node = store().node();
        for (int i = 0; i < 3; i++) {
            Claimed.Owned owned = store().own(withWill(claim("c" + i, node), 0));
            get(store().sessions().release(release(owned, HOUR, new WillAction.Schedule(1_000 - 300 * i))));
        }
        store().passSeconds(2_000);
        assertEquals(
                List.of("c2", "c1"),
                get(store().wills().due(2)).stream().map(DueWill::clientId).toList());
    }
}
