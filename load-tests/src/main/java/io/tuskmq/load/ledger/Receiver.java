package io.tuskmq.load.ledger;

import io.netty.util.collection.IntObjectHashMap;
import java.util.ArrayList;
import java.util.List;

/**
 * What one session got, or one group of sessions that share their messages. It belongs to one event loop, or to those who hold its lock.
 */
public final class Receiver {
    /** Repetitions that are looked at again at the end; further ones count as doubled. */
    private static final int REPEATS_MAX = 100_000;

    private final boolean isOrdered;
    private final IntObjectHashMap<Inbox> inboxes = new IntObjectHashMap<>();
    private final List<long[]> repeats = new ArrayList<>();
    private long delivered;
    private long redelivered;
    private long redeliveredUnmarked;
    private long doubled;
    private long foreign;
    private long outOfOrder;

    /** What came from one stream. */
    private static final class Inbox {
        final Stream stream;
        final NumberRuns got = new NumberRuns();
        int last = -1;
        int lastBeforeReconnect = -1;

        Inbox(Stream stream) {
            this.stream = stream;
        }
    }

    /** @param isOrdered whether the order of arrival is judged: not in a group, whose members are served side by side */
    Receiver(boolean isOrdered) {
        this.isOrdered = isOrdered;
    }

    /** All of this stream's messages must come here. */
    public void expects(Stream stream) {
        inboxes.put(stream.id(), new Inbox(stream));
    }

    /** Returns whether it is the first copy. */
    public boolean received(int stream, int number, boolean dup) {
        Inbox inbox = inboxes.get(stream);
        if (inbox == null || number < 0) {
            foreign++;
            return false;
        }
        if (inbox.got.add(number)) {
            delivered++;
            if (number < inbox.last) {
                outOfOrder += isOrdered ? 1 : 0;
            } else {
                inbox.last = number;
            }
            return true;
        }
        repeated(inbox, number, dup);
        return false;
    }

    private void repeated(Inbox inbox, int number, boolean dup) {
        if (inbox.stream.qos() != 1) {
            doubled++; // at most once, and exactly once [MQTT-4.3.1-1, MQTT-4.3.3-2]
        } else if (dup) {
            redelivered++; // QoS 1's right when it says so [MQTT-3.3.1-1]
        } else if (number <= inbox.lastBeforeReconnect) {
            redeliveredUnmarked++;
        } else if (repeats.size() < REPEATS_MAX) {
            repeats.add(new long[] {inbox.stream.id(), number});
        } else {
            doubled++;
        }
    }

    /** The session has a new connection: what came over the old one may come again. */
    public void reconnected() {
        for (Inbox inbox : inboxes.values()) {
            inbox.lastBeforeReconnect = inbox.last;
        }
    }

    /** Something came that carries no number of this run, or that must not come here. */
    public void foreign() {
        foreign++;
    }

    public long delivered() {
        return delivered;
    }

    /** How many different messages must have come. */
    public long expected() {
        long sum = 0;
        for (Inbox inbox : inboxes.values()) {
            sum += inbox.stream.acked().size();
        }
        return sum;
    }

    Findings findings() {
        long lost = 0;
        long lostQos0 = 0;
        for (Inbox inbox : inboxes.values()) {
            long missing = inbox.stream.acked().missingIn(inbox.got);
            if (inbox.stream.qos() == 0) {
                lostQos0 += missing;
            } else {
                lost += missing;
            }
        }
        long repeatedByPublisher = 0;
        for (long[] repeat : repeats) {
            Inbox inbox = inboxes.get((int) repeat[0]);
            repeatedByPublisher += inbox != null && inbox.stream.wasResent((int) repeat[1]) ? 1 : 0;
        }
        return new Findings(
                delivered,
                lost,
                lostQos0,
                doubled + repeats.size() - repeatedByPublisher,
                redelivered + repeatedByPublisher,
                redeliveredUnmarked,
                foreign,
                outOfOrder,
                0);
    }
}
