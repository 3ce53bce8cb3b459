package io.tuskmq.node.simulation;

import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.rules.LaneVector;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntSupplier;

/** What one client subscribes to, and what it was promised. Shared subscriptions are called {@code $share/group/filter}. */
final class SimSubscriptions {
    /** Who subscribes. {@code promised}: whether all that a SUBACK promises must come. */
    record Of(String id, boolean persistent, boolean promised) {}

    private final Schedule schedule;
    private final Ledger ledger;
    private final Optional<GroupLedger> groups;
    private final Of client;
    private final IntSupplier nextPacketId;
    /** What it may choose from: of a member of groups, only those. */
    private final List<String> filters;

    private final Map<String, Integer> wanted = new LinkedHashMap<>();
    private final Set<String> groupsEver = new LinkedHashSet<>();
    private final Map<Integer, List<String>> subscribing = new HashMap<>();

    /** @param groups present for a member of groups */
    SimSubscriptions(
            Schedule schedule, Ledger ledger, Optional<GroupLedger> groups, Of client, IntSupplier nextPacketId) {
        this.schedule = schedule;
        this.ledger = ledger;
        this.groups = groups;
        this.client = client;
        this.nextPacketId = nextPacketId;
        if (groups.isPresent()) {
            filters = GroupLedger.CHOICES.get(schedule.below(GroupLedger.CHOICES.size()));
            filters.forEach(group -> want(group, groupQos()));
            if (!client.persistent()) {
                groups.get().hasCleanMember();
            }
            return;
        }
        filters = Topics.FILTERS;
        if (schedule.chance(0.8)) {
            List<String> some = new ArrayList<>(Topics.FILTERS);
            Collections.shuffle(some, new java.util.Random(schedule.below(1_000_000)));
            for (String filter : some.subList(0, 1 + schedule.below(3))) {
                want(filter, schedule.chance(0.15) ? 0 : 1 + schedule.below(2));
            }
        }
    }

    private int groupQos() {
        int least = client.persistent() ? 1 : 0;
        return schedule.chance(0.6) ? 2 : least + schedule.below(2);
    }

    private void want(String filter, int qos) {
        wanted.put(filter, qos);
        if (GroupLedger.isGroup(filter)) {
            groupsEver.add(filter);
        }
    }

    boolean isWaiting(int packetId) {
        return subscribing.containsKey(packetId);
    }

    /** The groups that it has ever been in: it may still get their messages. */
    Set<String> groupsEver() {
        return groupsEver;
    }

    /** A new connection. */
    void connected(Link of, boolean mustBePresent) {
        subscribing.clear();
        if (!wanted.isEmpty() && (!mustBePresent || schedule.chance(0.3))) {
            subscribe(of, wanted);
        } else if (schedule.chance(0.3)) {
            subscribeOneMore(of, mustBePresent);
        }
    }

    /** Now and then, between messages. */
    void change(Link of, boolean mustBePresent) {
        boolean mayGiveUp = wanted.size() > 1 || (groups.isPresent() && !wanted.isEmpty());
        if (mayGiveUp && mustBePresent && subscribing.isEmpty() && schedule.chance(0.05)) {
            unsubscribeOne(of);
        } else if (schedule.chance(0.1)) {
            subscribeOneMore(of, mustBePresent);
        }
    }

    private void subscribe(Link of, Map<String, Integer> some) {
        int packetId = nextPacketId.getAsInt();
        List<Subscription> subscriptions = new ArrayList<>();
        List<String> promised = new ArrayList<>();
        some.forEach((filter, qos) -> {
            if (qos > 0 && client.promised()) {
                promised.add(filter);
            }
            subscriptions.add(subscription(filter, qos, schedule.below(3)));
        });
        subscribing.put(packetId, promised);
        of.toBroker(new Event.SubscribeReceived(packetId, subscriptions, Collections.nCopies(subscriptions.size(), 0)));
    }

    private static Subscription subscription(String name, int qos, int retainHandling) {
        return new Subscription(
                GroupLedger.filter(name),
                GroupLedger.share(name),
                qos,
                false,
                false,
                retainHandling,
                0,
                0,
                new LaneVector());
    }

    private void subscribeOneMore(Link of, boolean mustBePresent) {
        String filter = filters.get(schedule.below(filters.size()));
        if (mustBePresent && !wanted.containsKey(filter)) {
            int qos = 1 + schedule.below(2);
            want(filter, qos);
            subscribe(of, Map.of(filter, qos));
        }
    }

    private void unsubscribeOne(Link of) {
        String filter = wanted.keySet().iterator().next();
        wanted.remove(filter);
        if (GroupLedger.isGroup(filter)) {
            groups.orElseThrow().unsubscribing(client.id(), filter);
        } else {
            ledger.unsubscribing(client.id(), filter);
        }
        of.toBroker(new Event.UnsubscribeReceived(nextPacketId.getAsInt(), List.of(subscription(filter, 0, 0))));
    }

    /** Returns whether it was waited for. */
    boolean subAck(int packetId) {
        List<String> promised = subscribing.remove(packetId);
        if (promised == null) {
            return false;
        }
        for (String filter : promised) {
            if (GroupLedger.isGroup(filter)) {
                if (client.persistent()) {
                    groups.orElseThrow().subAcked(client.id(), filter);
                } else {
                    groups.orElseThrow().cleanSubAcked(filter);
                }
            } else if (client.persistent()) {
                ledger.subAcked(client.id(), filter);
            } else {
                ledger.cleanSubAcked(client.id(), filter);
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return wanted.toString();
    }
}
