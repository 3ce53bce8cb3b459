package io.tuskmq.node.rules;

import io.tuskmq.node.rules.Effect.Dropped.Reason;
import io.tuskmq.storage.rules.LogId;

/** What waits for the client's window or for its socket: bounded, in order. */
final class OutgoingQueue {
    private final SessionLimits limits;
    private final boolean stored;
    private final OutgoingWindow window;
    private final PacketSize packetSize;
    private final Effects effects;

    private final LazyQueue<Delivery> waiting = new LazyQueue<>();
    private long waitingBytes;

    // Of these, what was asked for.
    private int askedMessages;
    private int waitingDirect;
    private long askedBytes;

    private boolean writable = true;
    private long stepBytes;
    private long nowMillis;

    OutgoingQueue(SessionLimits limits, boolean stored, OutgoingWindow window, Effects effects) {
        this.limits = limits;
        this.stored = stored;
        this.window = window;
        this.packetSize = window.packetSize();
        this.effects = effects;
    }

    /** A new event: what was sent before has reached the channel. */
    void beginStep() {
        stepBytes = 0;
    }

    /** Time goes on, as far as events tell. */
    void now(long nowMillis) {
        this.nowMillis = nowMillis;
    }

    void writable(boolean writable) {
        this.writable = writable;
    }

    boolean isWritable() {
        return writable;
    }

    /** Sends it now or keeps it for later. The caller has seen that the queue of a stored session {@link #isFull} not. */
    void offer(Delivery d) {
        if (waiting.isEmpty() && maySend(d)) {
            send(d);
            return;
        }
        if (!stored && !d.asked() && isTooFast()) {
            effects.disconnect(ReasonCodes.QUOTA_EXCEEDED, "too many messages wait for this client");
            return;
        }
        waiting.add(d);
        count(d, 1);
    }

    private boolean isTooFast() {
        return waiting.size() - askedMessages >= limits.queueMessagesMax()
                || waitingBytes - askedBytes >= limits.queueBytesMax();
    }

    private void count(Delivery d, int sign) {
        waitingBytes += (long) sign * d.message().bytes();
        if (d.qos() == 0 && d.logId() == 0) {
            waitingDirect += sign;
        }
        if (d.asked()) {
            askedMessages += sign;
            askedBytes += (long) sign * d.message().bytes();
        }
    }

    /** Whether a QoS 0 message that was delivered directly waits: the next one must not overtake it (I6). */
    boolean holdsDirect() {
        return waitingDirect > 0;
    }

    /** A QoS 0 message that is delivered directly: sent now or never. */
    void sendOrDrop(Delivery d) {
        if (writable && window.isResumed() && !holdsDirect()) {
            send(d);
        } else {
            effects.dropped(1, Reason.NOT_WRITABLE);
        }
    }

    /** Sends what can be sent, in order. */
    void drain() {
        while (!waiting.isEmpty() && maySend(waiting.element())) {
            Delivery d = waiting.remove();
            count(d, -1);
            send(d);
        }
    }

    private boolean maySend(Delivery d) {
        return writable
                && stepBytes < limits.sendBytesMax()
                && (d.qos() == 0 ? window.isResumed() : window.hasRoom())
                && (d.qos() == 2 || !window.holdsBack(d.message().topic()));
    }

    /** Whether more could be sent as soon as what was sent has reached the channel. */
    boolean hasMore() {
        return stepBytes >= limits.sendBytesMax() && !waiting.isEmpty();
    }

    private void send(Delivery d) {
        // [MQTT5-3.3.2-5] the only look at the expiry: where delivery starts.
        if (d.message().isExpired(nowMillis)) {
            effects.dropped(1, Reason.EXPIRED);
            settle(d);
        } else if (packetSize.isTooLarge(d.message(), d.subscriptionIds())) {
            effects.dropped(1, Reason.TOO_LARGE);
            settle(d);
        } else {
            stepBytes += d.message().bytes();
            if (d.qos() == 0) {
                effects.add(new Effect.SendPublish(0, 0, false, d.retain(), d.message(), d.subscriptionIds()));
                settle(d);
            } else {
                window.send(d);
            }
        }
    }

    private void settle(Delivery d) {
        Deal deal = d.deal();
        if (deal != null) {
            effects.add(new Effect.DealSettled(deal));
        }
    }

    /** Whether the session has to fall behind instead of keeping more. */
    boolean isFull() {
        return isOver(limits.liveQueueMessagesMax(), limits.liveQueueBytesMax());
    }

    /** Whether a page more may come. */
    boolean isLow() {
        return !isOver(limits.pageMessages() / 2, limits.liveQueueBytesMax() / 2);
    }

    private boolean isOver(int messages, long bytes) {
        return waiting.size() >= messages || waitingBytes >= bytes;
    }

    int size() {
        return waiting.size();
    }

    long bytes() {
        return waitingBytes;
    }

    /** Lowers the vector below everything that waits here: the rest was sent or skipped. */
    void lower(long[] cursor) {
        for (Delivery d : waiting) {
            if (d.logId() != 0 && d.deal() == null) {
                int lane = LogId.laneOf(d.logId());
                cursor[lane - 1] = Math.min(cursor[lane - 1], d.logId() - 1);
            }
        }
    }
}
