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
import java.util.stream.Stream;
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
        byte[] properties = {1, 1};
        Message published = new Message("chat/a", new byte[] {1}, 2, true, properties, 0, 0);
        assertTrue(store().append(node, published));
        Claimed.Owned owned = subscriber(node);
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
        Message a = stored(node, "chat/a", "1");
        Message b = stored(node, "chat/b", "2");
        Message c = stored(node, "chat/c", "3");
        Claimed.Owned owned = subscriber(node);
        assertTrue(copy(node, owned, a));
        assertTrue(copy(node, owned, b));
        Claimed.Owned next = store().own(StoreFixture.forced(claim("a", node)));
        assertEquals("chat/b", next.state().subscriptions().getFirst().retainedAfter());
        assertFalse(copy(node, next, b), "handed over already");
        assertFalse(copy(node, owned, c), "of a session that was lost");
        assertTrue(copy(node, next, c));
        assertEquals(List.of("1", "2", "3"), payloads(next));
    }

    @Test
    void nothingIsCopiedBehindTheEnd() {
        long node = store().node();
        Message c = stored(node, "chat/c", "late");
        Claimed.Owned owned = subscriber(node);
        assertTrue(get(store().sessions()
                .retainedProgress(
                        owned.sessionId(), owned.epoch(), number(), new SubscriptionKey("chat/#", ""), null)));
        assertFalse(copy(node, owned, c), "all were handed over");
        assertEquals(List.of(), payloads(owned));
        assertNull(retainedAfter(owned));
    }

    /** The subscriber must not end with the older value. A QoS 0 message is not in the log, so it is copied whenever it came. */
    @Test
    void whatWasReplacedSinceItWasReadIsCopiedAsItIsNow() {
        long node = store().node();
        Message read = stored(node, "chat/a", "online");
        Claimed.Owned owned = subscriber(node);
        byte[] gone = "gone".getBytes(StandardCharsets.UTF_8);
        assertTrue(store().append(node, Message.of("chat/a", gone, 0, true)));
        assertFalse(copy(node, owned, read), "not what was read");
        assertEquals(List.of("gone"), payloads(owned));
        assertEquals("chat/a", retainedAfter(owned));
    }

    @Test
    void whatWasRemovedSinceItWasReadIsNotCopied() {
        long node = store().node();
        Message read = stored(node, "chat/a", "online");
        Claimed.Owned owned = subscriber(node);
        assertTrue(store().append(node, retained("chat/a", "")));
        assertFalse(copy(node, owned, read));
        assertEquals(List.of(), payloads(owned));
        assertEquals("chat/a", retainedAfter(owned));
    }

    /** [MQTT-3.8.4-3] A SUBSCRIBE for the same filter begins anew; what is still on its way of the older one must not pass for it. */
    @Test
    void copiesForAnOlderSubscribeAreNotTakenForTheNewer() {
        long node = store().node();
        Message a = stored(node, "chat/a", "1");
        Message b = stored(node, "chat/b", "2");
        Claimed.Owned owned = subscriber(node);
        Handover late = handover(owned, b);
        store().subscribe(owned, subscription("chat/#", 1));
        assertFalse(store().append(node, new Copy(late)));
        assertTrue(copy(node, owned, a));
        assertTrue(copy(node, owned, b));
        assertEquals(List.of("1", "2"), payloads(owned));
    }

    /** It comes by the log as it was published: a copy would be the same message again. */
    @Test
    void whatIsPublishedAfterTheSubscribeIsNotCopied() {
        long node = store().node();
        Message before = stored(node, "chat/a", "online");
        Claimed.Owned owned = subscriber(node);
        Message after = stored(node, "chat/b", "live");
        assertTrue(copy(node, owned, before));
        assertFalse(copy(node, owned, after));
        assertEquals(List.of("online"), payloads(owned));
        assertEquals("chat/b", retainedAfter(owned), "and it is not looked at again");
    }

    /** [MQTT-3.8.4-3] The subscription goes on reading from its first start; what is retained is sent again, as of the newer SUBSCRIBE. */
    @Test
    void aNewerSubscribeGetsWhatCameSinceTheFirst() {
        long node = store().node();
        Claimed.Owned owned = subscriber(node);
        Message since = stored(node, "chat/a", "since");
        store().subscribe(owned, subscription("chat/#", 1));
        assertTrue(copy(node, owned, since));
        assertEquals(List.of("since"), payloads(owned));
    }

    /** Presence: whoever reads the log in the order of ids must end with what was retained last, whatever the nodes' clocks say. */
    @Test
    void whatReplacesACopiedMessageComesBehindTheCopy() {
        long fast = store().nodeAhead(60_000);
        long slow = store().node();
        stored(slow, "chat/a", "online");
        Claimed.Owned owned = store().own(claim("a", slow));
        long filterId =
                store().subscribe(owned, subscription("chat/a", 1)).getFirst().filterId();
        Handover handover = new Handover(
                owned.sessionId(), owned.epoch(), number(), "chat/a", 1, ADDED, retained("chat/a", "online"));
        assertTrue(store().append(fast, new Copy(handover)));
        assertTrue(store().append(slow, new StoreFixture.Matching(store().copy, retained("chat/a", "gone"))));
        assertEquals(List.of("online", "gone"), texts(-owned.sessionId(), filterId));
    }

    /** The same for two publishers of one topic: the order of the log is that of the retained message. */
    @Test
    void retainedMessagesOfATopicLieInTheOrderOfTheirCommits() {
        long fast = store().nodeAhead(60_000);
        long slow = store().node();
        Claimed.Owned owned = store().own(claim("a", slow));
        long filterId =
                store().subscribe(owned, subscription("chat/a", 1)).getFirst().filterId();
        for (int i = 0; i < 4; i++) {
            long node = i % 2 == 0 ? fast : slow;
            assertTrue(store().append(node, new StoreFixture.Matching(store().copy, retained("chat/a", "v" + i))));
        }
        assertEquals(List.of("v0", "v1", "v2", "v3"), texts(filterId));
        assertTrue(store().append(slow, new StoreFixture.Matching(store().copy, retained("other", "x"))), "and on");
    }

    private List<String> texts(Long... filterIds) {
        List<Range> ranges = Stream.of(filterIds).map(id -> new Range(id, 0)).toList();
        return get(store().store().log().read(ranges, 100)).messages().stream()
                .map(row -> new String(row.message().payload(), StandardCharsets.UTF_8))
                .toList();
    }
}
