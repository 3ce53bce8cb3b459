package io.tuskmq.node.simulation;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.SessionStart;
import io.tuskmq.node.session.ConnectPacket;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Sessions.NewWill;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A client that keeps all rules of MQTT, also over reconnects, and tells the ledger what it gets. */
final class SimClient {
    /**
     * Where clients connect to, and how.
     *
     * @param server for each connection
     * @param wills whether connections may have wills, and end by DISCONNECT
     * @param disturbed whether clients break their connections
     */
    record Surroundings(Supplier<Link.Server> server, Optional<WillLedger> wills, boolean disturbed) {}

    private static final class Outgoing {
        final Ledger.Key key;
        boolean released;

        Outgoing(Ledger.Key key) {
            this.key = key;
        }
    }

    private final Schedule schedule;
    private final Faults faults;
    private final Ledger ledger;
    private final Surroundings around;
    private final String id;
    private final boolean persistent;
    private final SessionStart.Client abilities;
    /** How long the broker may take to hear that a connection has ended, in milliseconds; 0: it hears soon. */
    private final int silenceMax;

    private final Optional<GroupLedger> groups;
    private final SimSubscriptions subscriptions;

    // Lives with the client's session.
    private final Map<Integer, Outgoing> out = new LinkedHashMap<>();
    private final Map<Integer, Ledger.Key> received = new HashMap<>();
    private boolean mustBePresent;

    // Lives with the connection.
    private @Nullable Link link;
    private boolean established;

    private int lastPacketId;
    private int published;
    private int connections;
    private int toPublish;
    private boolean ending;

    SimClient(Schedule schedule, Faults faults, Ledger ledger, Surroundings around, int number) {
        this(schedule, faults, ledger, around, number, Optional.empty());
    }

    /** @param groups present for a member of groups */
    SimClient(
            Schedule schedule,
            Faults faults,
            Ledger ledger,
            Surroundings around,
            int number,
            Optional<GroupLedger> groups) {
        this.groups = groups;
        this.schedule = schedule;
        this.faults = faults;
        this.ledger = ledger;
        this.around = around;
        this.id = "client" + number;
        this.persistent = schedule.chance(0.75);
        int receiveMax = schedule.chance(0.5) ? 65_535 : 1 + schedule.below(6);
        this.abilities = new SessionStart.Client(schedule.chance(0.5) ? 5 : 4, receiveMax, 0);
        this.silenceMax = around.wills().isPresent() && !persistent && schedule.chance(0.5) ? 12_000 : 0;
        this.toPublish = schedule.chance(0.7) ? 5 + schedule.below(25) : 0;
        var of = new SimSubscriptions.Of(id, persistent, persistent || !around.disturbed());
        this.subscriptions = new SimSubscriptions(schedule, ledger, groups, of, this::nextPacketId);
    }

    String id() {
        return id;
    }

    /** Its lane does not change, so that the order holds over all its connections. */
    int lane() {
        return 1 + Integer.parseInt(id.substring("client".length())) % 3;
    }

    boolean isPersistent() {
        return persistent;
    }

    SessionStart.Client abilities() {
        return abilities;
    }

    // --- the connection

    void begin() {
        connect();
        publishLater();
        if (around.disturbed()) {
            disturbLater();
        }
    }

    private void connect() {
        Link next = new Link(schedule, faults, around.server().get(), this);
        link = next;
        established = false;
        next.connect();
        schedule.after(3_000, () -> {
            if (link == next && !established) {
                next.cut();
            }
        });
    }

    /** The broker hears of the end of a connection that late. */
    long silenceMillis() {
        boolean late = silenceMax > 0 && !ending && schedule.chance(0.5);
        return late ? schedule.below(silenceMax) : schedule.delay(300);
    }

    void linkLost(Link lost) {
        if (lost == link) {
            link = null;
            established = false;
            schedule.after(ending ? 10 : schedule.delay(400), this::connect);
        }
    }

    private void disturbLater() {
        schedule.after(1_000 + schedule.below(8_000), () -> {
            if (!ending) {
                if (link != null && schedule.chance(0.5)) {
                    leave(link);
                }
                disturbLater();
            }
        });
    }

    private void leave(Link from) {
        Optional<WillLedger> wills = around.wills();
        if (wills.isEmpty() || !established || schedule.chance(0.6)) {
            from.cut();
            return;
        }
        Ledger.Key will = from.will();
        if (will != null) {
            wills.get().disconnecting(will);
        }
        from.disconnect();
    }

    /** A new connection's CONNECT. */
    ConnectPacket connectPacket() {
        connections++;
        NewWill will = around.wills().isPresent() && schedule.chance(0.5) ? will() : null;
        return new ConnectPacket(
                abilities.version(),
                id,
                !persistent,
                persistent ? Sessions.NEVER_EXPIRES : 0,
                60,
                null,
                null,
                will,
                abilities.receiveMax(),
                0,
                0,
                "sim");
    }

    private NewWill will() {
        var key = new Ledger.Key("will-" + id + "-" + connections, Topics.ALL.get(schedule.below(3)), 1, 0);
        return new NewWill(key.message(0), persistent && schedule.chance(0.3) ? 1 + schedule.below(3) : 0, 0);
    }

    @Nullable
    Link link() {
        return link;
    }

    void connAck(Link of, boolean sessionPresent) {
        if (of != link) {
            return;
        }
        established = true;
        Ledger.check(sessionPresent || !mustBePresent, "the session of " + id + " was forgotten");
        Ledger.check(!sessionPresent || persistent, "a clean session was present: " + id);
        if (!sessionPresent) {
            out.clear();
            received.clear();
        }
        // The client sends again what was not acknowledged, in its order.
        out.forEach((packetId, o) -> of.toBroker(
                o.released
                        ? new Event.PubRelReceived(packetId)
                        : new Event.PublishReceived(packetId, o.key.message(0))));
        subscriptions.connected(of, mustBePresent);
    }

    // --- publishing

    private void publishLater() {
        schedule.after(schedule.delay(100), () -> {
            Link to = link;
            if (to != null && established && toPublish > 0 && out.size() < 4) {
                toPublish--;
                publish(to);
                subscriptions.change(to, mustBePresent);
            }
            if (toPublish > 0) {
                publishLater();
            }
        });
    }

    private void publish(Link to) {
        String topic = Topics.ALL.get(schedule.below(Topics.ALL.size()));
        int qos = schedule.below(5) == 0 ? 0 : 1 + schedule.below(2);
        var key = new Ledger.Key(id, topic, qos, published++);
        int packetId = 0;
        if (qos > 0) {
            packetId = nextPacketId();
            out.put(packetId, new Outgoing(key));
        }
        to.toBroker(new Event.PublishReceived(packetId, key.message(0)));
    }

    private int nextPacketId() {
        do {
            lastPacketId = lastPacketId == 60 ? 1 : lastPacketId + 1; // A small range, so that ids come back soon.
        } while (out.containsKey(lastPacketId) || subscriptions.isWaiting(lastPacketId));
        return lastPacketId;
    }

    // --- what comes from the broker

    void receive(Link from, Effect.ToClient packet) {
        if (from != link) {
            return;
        }
        switch (packet) {
            case Effect.SendPublish p -> published(from, p);
            case Effect.SendPubAck a -> {
                Outgoing o = out.remove(a.packetId());
                Ledger.check(o != null && o.key.qos() == 1, "PUBACK for nothing: " + a);
                if (o != null) {
                    ledger.acked(o.key);
                }
            }
            case Effect.SendPubRec r -> {
                Outgoing o = out.get(r.packetId());
                Ledger.check(o != null && o.key.qos() == 2, "PUBREC for nothing: " + r);
                if (o != null) {
                    ledger.acked(o.key);
                    o.released = true;
                    from.toBroker(new Event.PubRelReceived(r.packetId()));
                }
            }
            case Effect.SendPubRel r -> {
                received.remove(r.packetId());
                from.toBroker(new Event.PubCompReceived(r.packetId(), 0));
            }
            case Effect.SendPubComp c -> {
                Outgoing o = out.remove(c.packetId());
                Ledger.check(o != null && o.released, "PUBCOMP for nothing: " + c);
            }
            case Effect.SendSubAck s -> {
                if (subscriptions.subAck(s.packetId())) {
                    mustBePresent = persistent;
                }
            }
            case Effect.SendUnsubAck ignored -> {
                // Nothing to do.
            }
            case Effect.Disconnect ignored -> from.cut();
        }
    }

    private void published(Link from, Effect.SendPublish p) {
        var key = Ledger.Key.of(p.message());
        switch (p.qos()) {
            case 0 -> delivered(key, 0);
            case 1 -> {
                delivered(key, 1);
                from.toBroker(new Event.PubAckReceived(p.packetId(), 0));
            }
            default -> {
                Ledger.Key known = received.putIfAbsent(p.packetId(), key);
                if (known == null) {
                    delivered(key, 2);
                } else {
                    Ledger.check(known.equals(key), "packet id " + p.packetId() + " was used again for " + key);
                    Ledger.check(p.dup(), "sent again without DUP: " + key);
                }
                from.toBroker(new Event.PubRecReceived(p.packetId(), 0));
            }
        }
    }

    private void delivered(Ledger.Key key, int qos) {
        if (groups.isPresent()) {
            groups.get().delivered(id, persistent, subscriptions.groupsEver(), key, qos);
        } else {
            ledger.delivered(id, key, qos);
        }
    }

    /** The broker's session is sending it. */
    void isSent(Effect.SendPublish packet) {
        if (packet.qos() == 0 || (packet.qos() == 2 && !persistent)) {
            groups.ifPresent(g -> g.givenAway(subscriptions.groupsEver(), Ledger.Key.of(packet.message())));
        }
    }

    // --- the end of a run

    /** From now on nothing goes wrong, and nothing new is published. */
    void end() {
        ending = true;
        toPublish = 0;
        if (link != null && !link.isCut()) {
            return;
        }
        if (link == null) {
            return; // It is about to connect.
        }
        linkLost(link);
    }

    boolean isDone() {
        return out.isEmpty() && established;
    }

    @Override
    public String toString() {
        return id + (persistent ? " persistent " : " clean ") + subscriptions + " unacknowledged " + out.keySet();
    }
}
