package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.claim;
import static io.tuskmq.storage.StoreFixture.get;
import static io.tuskmq.storage.StoreFixture.number;
import static io.tuskmq.storage.StoreFixture.retained;
import static io.tuskmq.storage.StoreFixture.subscription;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Append.Handover;
import io.tuskmq.storage.LogReader.Logged;
import io.tuskmq.storage.LogReader.Range;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.SubscriptionKey;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Retained messages come into the private queue of a new subscription once, and never behind what has replaced them. */
abstract class HandoverContract {
    private static final byte[] ADDED = {0x0B, 7};

    abstract StoreFixture store();

    /** A copy of a retained message for one session. */
    private static final class Copy extends StoreFixture.Answered {
        private final Handover handover;

        Copy(Handover handover) {
            super(handover.read().asRetainedFor(handover.qosMax(), handover.added()), null, 0);
            this.handover = handover;
        }

        @Override
        public void match() {}

        @Override
        public long[] filterIds() {
            return new long[] {-handover.sessionId()};
        }

        @Override
        public long filtersVersion() {
            return Long.MAX_VALUE;
        }

        @Override
        public boolean changesRetained() {
            return false;
        }

        @Override
        public Handover handover() {
            return handover;
        }
    }

    private static Handover handover(Claimed.Owned owned, Message read) {
        return new Handover(owned.sessionId(), owned.epoch(), number(), "chat/#", 1, ADDED, read);
    }

    private boolean copy(long node, Claimed.Owned owned, Message read) {
        return store().append(node, new Copy(handover(owned, read)));
    }

    private List<Logged> queue(Claimed.Owned owned) {
        return get(store().store().log().read(List.of(new Range(-owned.sessionId(), 0)), 100))
                .messages();
    }

    private List<String> payloads(Claimed.Owned owned) {
        return queue(owned).stream()
                .map(row -> new String(row.message().payload(), StandardCharsets.UTF_8))
                .toList();
    }

    private @Nullable String retainedAfter(Claimed.Owned owned) {
        store().releaseNow(owned);
        return store().own(claim("a", store().node()))
                .state()
                .subscriptions()
                .getFirst()
                .retainedAfter();
    }

    private Claimed.Owned subscriber(long node) {
        Claimed.Owned owned = store().own(claim("a", node));
        store().subscribe(owned, subscription("chat/#", 1));
        return owned;
    }

    private Message stored(long node, String topic, String payload) {
        assertTrue(store().append(node, retained(topic, payload)));
        return retained(topic, payload);
    }

    @Test
    void theCopyHasTheQosAndThePropertiesOfItsSubscription() {
        long node = store().node();
        Claimed.Owned owned = subscriber(node);
        byte[] properties = {1, 1};
        Message published = new Message("chat/a", new byte[] {1}, 2, true, properties, 0, 0);
        assertTrue(store().append(node, published));
        assertTrue(copy(node, owned, published));
        Message copied = queue(owned).getFirst().message();
        assertEquals("chat/a", copied.topic());
        assertEquals(1, copied.qos());
        assertTrue(copied.retain());
        assertArrayEquals(new byte[] {1}, copied.payload());
        assertArrayEquals(new byte[] {1, 1, 0x0B, 7}, copied.properties());
    }

    /** The process dies after the commit, before it has noted how far it has come: the next one goes on behind it, and repeats nothing. */
    @Test
    void whatWasCopiedIsNotCopiedAgainAfterACrash() {
        long node = store().node();
        Claimed.Owned owned = subscriber(node);
        Message a = stored(node, "chat/a", "1");
        Message b = stored(node, "chat/b", "2");
        assertTrue(copy(node, owned, a));
        assertTrue(copy(node, owned, b));
        Claimed.Owned next = store().own(StoreFixture.forced(claim("a", node)));
        assertEquals("chat/b", next.state().subscriptions().getFirst().retainedAfter());
        assertFalse(copy(node, next, b), "handed over already");
        assertFalse(copy(node, owned, stored(node, "chat/c", "3")), "of a session that was lost");
        assertTrue(copy(node, next, retained("chat/c", "3")));
        assertEquals(List.of("1", "2", "3"), payloads(next));
    }

    @Test
    void nothingIsCopiedBehindTheEnd() {
        long node = store().node();
        Claimed.Owned owned = subscriber(node);
        assertTrue(get(store().sessions()
                .retainedProgress(
                        owned.sessionId(), owned.epoch(), number(), new SubscriptionKey("chat/#", ""), null)));
        assertFalse(copy(node, owned, stored(node, "chat/c", "late")), "all were handed over");
        assertEquals(List.of(), payloads(owned));
        assertNull(retainedAfter(owned));
    }

    /** The subscriber must not end with the older value. */
    @Test
    void whatWasReplacedSinceItWasReadIsCopiedAsItIsNow() {
        long node = store().node();
        Claimed.Owned owned = subscriber(node);
        Message read = stored(node, "chat/a", "online");
        stored(node, "chat/a", "gone");
        assertFalse(copy(node, owned, read), "not what was read");
        assertEquals(List.of("gone"), payloads(owned));
        assertEquals("chat/a", retainedAfter(owned));
    }

    @Test
    void whatWasRemovedSinceItWasReadIsNotCopied() {
        long node = store().node();
        Claimed.Owned owned = subscriber(node);
        Message read = stored(node, "chat/a", "online");
        assertTrue(store().append(node, retained("chat/a", "")));
        assertFalse(copy(node, owned, read));
        assertEquals(List.of(), payloads(owned));
        assertEquals("chat/a", retainedAfter(owned));
    }

    /** [MQTT-3.8.4-3] A SUBSCRIBE for the same filter begins anew; what is still on its way of the older one must not pass for it. */
    @Test
    void copiesForAnOlderSubscribeAreNotTakenForTheNewer() {
        long node = store().node();
        Claimed.Owned owned = subscriber(node);
        Message a = stored(node, "chat/a", "1");
        Message b = stored(node, "chat/b", "2");
        Handover late = handover(owned, b);
        store().subscribe(owned, subscription("chat/#", 1));
        assertFalse(store().append(node, new Copy(late)));
        assertTrue(copy(node, owned, a));
        assertTrue(copy(node, owned, b));
        assertEquals(List.of("1", "2"), payloads(owned));
    }
}
