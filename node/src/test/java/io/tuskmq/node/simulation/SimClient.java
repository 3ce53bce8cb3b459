package io.tuskmq.node.simulation;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.SessionStart;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.node.session.ConnectPacket;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Sessions.NewWill;
import io.tuskmq.storage.rules.LaneVector;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
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

    private final Map<String, Integer> wanted = new LinkedHashMap<>();

    // Lives with the client's session.
    private final Map<Integer, Outgoing> out = new LinkedHashMap<>();
    private final Map<Integer, Ledger.Key> received = new HashMap<>();
    private boolean mustBePresent;

    // Lives with the connection.
    private @Nullable Link link;
    private boolean established;
    private final Map<Integer, List<String>> subscribing = new HashMap<>();

    private int lastPacketId;
    private int published;
    private int connections;
    private int toPublish;
    private boolean ending;

    SimClient(Schedule schedule, Faults faults, Ledger ledger, Surroundings around, int number) {
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
        if (schedule.chance(0.8)) {
            List<String> filters = new ArrayList<>(Topics.FILTERS);
            Collections.shuffle(filters, new java.util.Random(schedule.below(1_000_000)));
            for (String filter : filters.subList(0, 1 + schedule.below(3))) {
                wanted.put(filter, schedule.chance(0.15) ? 0 : 1 + schedule.below(2));
            }
        }
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
        subscribing.clear();
        if (!wanted.isEmpty() && (!mustBePresent || schedule.chance(0.3))) {
            subscribe(of, wanted);
        } else if (schedule.chance(0.3)) {
            subscribeOneMore(of);
        }
    }

    private void subscribe(Link of, Map<String, Integer> filters) {
        int packetId = nextPacketId();
        List<Subscription> subscriptions = new ArrayList<>();
        List<String> promised = new ArrayList<>();
        filters.forEach((filter, qos) -> {
            if (qos > 0 && (persistent || !around.disturbed())) {
                promised.add(filter);
            }
            subscriptions.add(
                    new Subscription(filter, "", qos, false, false, schedule.below(3), 0, 0, new LaneVector()));
        });
        subscribing.put(packetId, promised);
        of.toBroker(new Event.SubscribeReceived(packetId, subscriptions, Collections.nCopies(subscriptions.size(), 0)));
    }

    private void subscribeOneMore(Link of) {
        String filter = Topics.FILTERS.get(schedule.below(Topics.FILTERS.size()));
        if (mustBePresent && !wanted.containsKey(filter)) {
            int qos = 1 + schedule.below(2);
            wanted.put(filter, qos);
            subscribe(of, Map.of(filter, qos));
        }
    }

    private void unsubscribeOne(Link of) {
        String filter = wanted.keySet().iterator().next();
        wanted.remove(filter);
        ledger.unsubscribing(id, filter);
        var key = new Subscription(filter, "", 0, false, false, 0, 0, 0, new LaneVector());
        of.toBroker(new Event.UnsubscribeReceived(nextPacketId(), List.of(key)));
    }

    // --- publishing

    private void publishLater() {
        schedule.after(schedule.delay(100), () -> {
            Link to = link;
            if (to != null && established && toPublish > 0 && out.size() < 4) {
                toPublish--;
                publish(to);
                if (wanted.size() > 1 && mustBePresent && subscribing.isEmpty() && schedule.chance(0.05)) {
                    unsubscribeOne(to);
                } else if (schedule.chance(0.1)) {
                    subscribeOneMore(to);
                }
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
        } while (out.containsKey(lastPacketId) || subscribing.containsKey(lastPacketId));
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
                List<String> promised = subscribing.remove(s.packetId());
                if (promised != null) {
                    mustBePresent = persistent;
                    for (String filter : promised) {
                        if (persistent) {
                            ledger.subAcked(id, filter);
                        } else {
                            ledger.cleanSubAcked(id, filter);
                        }
                    }
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
            case 0 -> ledger.delivered(id, key, 0);
            case 1 -> {
                ledger.delivered(id, key, 1);
                from.toBroker(new Event.PubAckReceived(p.packetId(), 0));
            }
            default -> {
                Ledger.Key known = received.putIfAbsent(p.packetId(), key);
                if (known == null) {
                    ledger.delivered(id, key, 2);
                } else {
                    Ledger.check(known.equals(key), "packet id " + p.packetId() + " was used again for " + key);
                    Ledger.check(p.dup(), "sent again without DUP: " + key);
                }
                from.toBroker(new Event.PubRecReceived(p.packetId(), 0));
            }
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
        return id + (persistent ? " persistent " : " clean ") + wanted + " unacknowledged " + out.keySet();
    }
}
