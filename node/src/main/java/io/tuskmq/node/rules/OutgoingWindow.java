package io.tuskmq.node.rules;

import io.tuskmq.node.rules.Effect.Dropped.Reason;
import io.tuskmq.node.rules.Inflight.Stage;
import io.tuskmq.storage.LogReader.Position;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.Sessions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The QoS 1 and 2 messages sent and not yet acknowledged: packet ids, the client's receive maximum, the handshakes, and what is sent
 * again after a reconnect.
 *
 * <p>QoS 2 of a stored session waits twice for a checkpoint (I3): before PUBLISH, so that the client never knows a packet id that we
 * don't, and before PUBREL, so that we never send PUBLISH again with an id that the client has released.
 */
final class OutgoingWindow {
    private static final int FETCH_MAX = 32;
    private static final int PACKET_IDS = 65_535;

    private final InflightTable table = new InflightTable();
    private final PacketSize packetSize;
    private final Checkpoints checkpoints;
    private final OwnSubscriptions subscriptions;
    private final Effects effects;
    private final boolean v5;

    /** The smaller of the client's receive maximum and our own limit. */
    private final int max;

    private final long waitingBytesMax;

    /** Sent over this connection and not acknowledged: never more than {@link #max} [MQTT5-3.3.4-7]. */
    private int unacked;

    /** Those that wait for a checkpoint, in the order in which their packets are to go out. */
    private final LazyQueue<Inflight> waiting = new LazyQueue<>();

    private long waitingBytes;

    private record LetGo(long checkpoint, long logId) {}

    /** Of a group: what members took, until a checkpoint without it is in. */
    private final LazyQueue<LetGo> letGo = new LazyQueue<>();

    /** From the stored state, and not sent again yet. */
    private final LazyQueue<Inflight> toResume = new LazyQueue<>();

    private List<Inflight> fetching = List.of();
    private boolean resumed;

    /** A fetch failed: the next one waits. */
    private boolean waitForTick;

    OutgoingWindow(
            SessionStart start,
            SessionLimits limits,
            OwnSubscriptions subscriptions,
            Checkpoints checkpoints,
            Effects effects) {
        this.max = Math.clamp(start.client().receiveMax(), 1, limits.inflightMax());
        this.waitingBytesMax = limits.sendBytesMax();
        this.packetSize = new PacketSize(start.client());
        this.v5 = start.client().isV5();
        this.subscriptions = subscriptions;
        this.checkpoints = checkpoints;
        this.effects = effects;
        Inflight.decode(start.inflight(), table);
    }

    PacketSize packetSize() {
        return packetSize;
    }

    // --- what was in flight when the last connection ended

    /** The only place where messages are sent again [MQTT-4.4.0-1] [MQTT5-4.4.0-1]: once, after CONNACK. */
    void resume() {
        for (Inflight e = table.firstRelease(); e != null; e = e.after) {
            effects.add(new Effect.SendPubRel(e.packetId, ReasonCodes.SUCCESS));
        }
        for (Inflight e = table.firstPublish(); e != null; e = e.after) {
            toResume.add(e);
        }
        resumeMore(true);
    }

    /** Asks for the next messages to be sent again, as far as the client takes them. */
    void resumeMore(boolean writable) {
        if (resumed || waitForTick || !fetching.isEmpty()) {
            return;
        }
        List<Inflight> next = new ArrayList<>();
        List<Position> positions = new ArrayList<>();
        while (!toResume.isEmpty() && writable && next.size() < Math.min(FETCH_MAX, max - unacked)) {
            Inflight e = toResume.remove();
            if (isStillIn(e, Stage.RESUMED)) {
                next.add(e);
                positions.add(new Position(e.filterId, e.logId));
            }
        }
        if (!next.isEmpty()) {
            fetching = next;
            effects.add(new Effect.Fetch(positions));
        } else if (toResume.isEmpty()) {
            resumed = true;
        }
    }

    void fetched(List<Optional<Message>> messages) {
        List<Inflight> asked = fetching;
        fetching = List.of();
        for (int i = 0; i < asked.size(); i++) {
            Inflight e = asked.get(i);
            if (isStillIn(e, Stage.RESUMED)) {
                resend(e, messages.get(i));
            }
        }
    }

    private void resend(Inflight e, Optional<Message> found) {
        if (found.isEmpty()) {
            free(e);
            effects.dropped(1, Reason.RETENTION);
            return;
        }
        Message message = found.get();
        List<Integer> ids = e.filterId < 0 ? List.of() : subscriptions.idsFor(message.topic());
        if (packetSize.isTooLarge(message, ids)) {
            free(e);
            effects.dropped(1, Reason.TOO_LARGE);
            return;
        }
        e.stage = Stage.SENT;
        count(e);
        // [MQTT-3.3.1-1] [MQTT5-3.3.1-1] DUP: an earlier attempt may have been made. Same packet id [MQTT-4.4.0-1].
        effects.add(new Effect.SendPublish(e.packetId, e.qos, true, e.retain, message, ids));
    }

    /** The fetch failed for a passing reason: its messages are asked for again at the next tick, first. */
    void fetchFailed() {
        waitForTick = !fetching.isEmpty();
        for (int i = fetching.size() - 1; i >= 0; i--) {
            toResume.addFirst(fetching.get(i));
        }
        fetching = List.of();
    }

    void tick() {
        waitForTick = false;
    }

    /** Whether all that was in flight has been sent again: nothing new goes out before [MQTT-4.6.0-1]. */
    boolean isResumed() {
        return resumed;
    }

    private boolean isStillIn(Inflight e, Stage stage) {
        return e.stage == stage && table.get(e.packetId) == e;
    }

    // --- new messages

    /** Whether one more may be sent now. */
    boolean hasRoom() {
        return resumed && unacked < max && waitingBytes < waitingBytesMax && table.size() < PACKET_IDS;
    }

    /**
     * Whether a QoS 2 message of the topic waits for its checkpoint: a later one with a lower QoS must not overtake it. The specification
     * orders a topic within one QoS only; but a will "offline" with QoS 2 must not come after the "online" of QoS 1 that followed it.
     */
    boolean holdsBack(String topic) {
        for (Inflight e : waiting) {
            Message message = e.message;
            if (message != null && message.topic().equals(topic)) {
                return true;
            }
        }
        return false;
    }

    /** Gives the message a packet id and sends it, or lets it wait for its checkpoint. */
    void send(Delivery d) {
        boolean waits = d.qos() == 2 && checkpoints.isStored();
        int packetId = table.nextPacketId();
        var e = new Inflight(
                packetId, d.logId(), d.filterId(), d.qos(), d.retain(), waits ? Stage.TO_SEND : Stage.SENT);
        e.deal = d.deal();
        table.add(e);
        count(e);
        if (waits) {
            e.message = d.message();
            e.subscriptionIds = d.subscriptionIds();
            waitingBytes += d.message().bytes();
            waitForCheckpoint(e);
        } else {
            checkpoints.changed();
            effects.add(new Effect.SendPublish(packetId, d.qos(), false, d.retain(), d.message(), d.subscriptionIds()));
            if (e.qos == 2) {
                settle(e); // [MQTT5-4.8.2-5] not stored: nobody else may get it, whatever becomes of this client
            }
        }
    }

    private void count(Inflight e) {
        e.counted = true;
        unacked++;
    }

    private void waitForCheckpoint(Inflight e) {
        e.checkpoint = checkpoints.wantDurable();
        waiting.add(e);
    }

    /** All checkpoints up to this number are durable where they must be: what waited for them goes out. */
    void durable(long checkpoint) {
        List<Long> forgotten = new ArrayList<>(0);
        while (!letGo.isEmpty() && letGo.element().checkpoint() <= checkpoint) {
            forgotten.add(letGo.remove().logId());
        }
        if (!forgotten.isEmpty()) {
            effects.add(new Effect.ForgetTaken(forgotten));
        }
        while (!waiting.isEmpty() && waiting.element().checkpoint <= checkpoint) {
            Inflight e = waiting.remove();
            if (e.stage == Stage.TO_SEND) {
                Deal deal = e.deal;
                if (deal != null) {
                    e.deal = null;
                    effects.add(new Effect.DealTaken(deal));
                }
                sendWaiting(e);
            } else {
                e.stage = Stage.RELEASED;
                effects.add(new Effect.SendPubRel(e.packetId, ReasonCodes.SUCCESS));
            }
        }
    }

    /** What the next checkpoint takes over from groups. */
    List<Sessions.Take> takes() {
        List<Sessions.Take> takes = new ArrayList<>(0);
        for (Inflight e : waiting) {
            Deal deal = e.deal;
            if (deal != null) {
                takes.add(new Sessions.Take(deal.groupId(), deal.groupEpoch(), e.logId));
            }
        }
        return takes;
    }

    /** The checkpoint was not written: nothing of it is ours. Messages go back, all else waits for the next one. */
    void takesRefused() {
        List<Inflight> refused = waiting.stream().filter(e -> e.deal != null).toList();
        waiting.removeAll(refused);
        for (Inflight e : refused) {
            Deal deal = Objects.requireNonNull(e.deal);
            e.deal = null;
            waitingBytes -= Objects.requireNonNull(e.message).bytes();
            free(e);
            effects.add(new Effect.DealReturned(deal));
        }
        checkpoints.wantDurable();
    }

    private void settle(Inflight e) {
        Deal deal = e.deal;
        if (deal != null) {
            e.deal = null;
            effects.add(new Effect.DealSettled(deal));
        }
    }

    private void sendWaiting(Inflight e) {
        Message message = Objects.requireNonNull(e.message, "a message that waits has its content");
        e.message = null;
        e.stage = Stage.SENT;
        waitingBytes -= message.bytes();
        effects.add(new Effect.SendPublish(e.packetId, 2, false, e.retain, message, e.subscriptionIds));
        e.subscriptionIds = List.of();
    }

    // --- acknowledgements

    void pubAck(int packetId) {
        Inflight e = table.get(packetId);
        if (e == null) {
            return; // Nothing waits for it: a late answer to what was given up. Neither version asks for more.
        }
        if (e.qos != 1) {
            effects.disconnect(ReasonCodes.PROTOCOL_ERROR, "PUBACK for a QoS 2 message");
            return;
        }
        free(e);
    }

    void pubRec(int packetId, int reason) {
        Inflight e = table.get(packetId);
        if (e == null) {
            // [MQTT-4.3.3-1] an MQTT 3 client can only be answered as if we knew; MQTT 5 has a reason for it.
            effects.add(new Effect.SendPubRel(packetId, v5 ? ReasonCodes.PACKET_IDENTIFIER_NOT_FOUND : 0));
            return;
        }
        switch (e.stage) {
            case TO_SEND -> effects.disconnect(ReasonCodes.PROTOCOL_ERROR, "PUBREC before PUBLISH");
            case SENT, RESUMED -> received(e, reason);
            case TO_RELEASE -> {
                // Said twice: PUBREL follows in any case.
            }
            case RELEASED -> effects.add(new Effect.SendPubRel(packetId, ReasonCodes.SUCCESS));
        }
    }

    private void received(Inflight e, int reason) {
        if (e.qos != 2) {
            effects.disconnect(ReasonCodes.PROTOCOL_ERROR, "PUBREC for a QoS 1 message");
        } else if (ReasonCodes.isError(reason)) {
            free(e); // [MQTT5-4.3.3-5] the client refused it: that completes the handshake.
        } else if (checkpoints.isStored()) {
            table.release(e, Stage.TO_RELEASE);
            waitForCheckpoint(e);
        } else {
            table.release(e, Stage.RELEASED);
            effects.add(new Effect.SendPubRel(e.packetId, ReasonCodes.SUCCESS));
        }
    }

    void pubComp(int packetId) {
        Inflight e = table.get(packetId);
        if (e == null) {
            return;
        }
        if (e.stage != Stage.RELEASED) {
            effects.disconnect(ReasonCodes.PROTOCOL_ERROR, "PUBCOMP before PUBREL");
            return;
        }
        free(e);
    }

    private void free(Inflight e) {
        table.remove(e);
        if (e.counted) {
            unacked--;
        }
        settle(e);
        checkpoints.changed();
    }

    /** To a group's session: a member took this one; {@link Effect.ForgetTaken} follows, no matter how late. */
    void taken(int packetId) {
        Inflight e = table.get(packetId);
        if (e != null) {
            free(e);
            letGo.add(new LetGo(checkpoints.nextNumber(), e.logId));
        }
    }

    /** Where a message in flight lies in the log; empty for an unknown packet id. */
    Optional<Position> positionOf(int packetId) {
        return Optional.ofNullable(table.get(packetId)).map(e -> new Position(e.filterId, e.logId));
    }

    boolean has(long logId) {
        return !table.all(e -> e.logId == logId).isEmpty();
    }

    /** For a checkpoint: with the dealt QoS 2 messages that it makes ours ({@link #takes}). */
    byte[] encode() {
        return Inflight.encode(table.all(e -> e.deal == null || e.qos == 2));
    }

    /** For the last checkpoint of a connection: dealt messages that were not taken go back to their group. */
    byte[] encodeAtEnd() {
        return Inflight.encode(table.all(e -> e.deal == null));
    }

    int size() {
        return table.size();
    }

    int unacked() {
        return unacked;
    }
}
