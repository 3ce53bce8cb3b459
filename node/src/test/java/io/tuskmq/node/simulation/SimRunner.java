package io.tuskmq.node.simulation;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.Event.RoutesApplied.Spread;
import io.tuskmq.node.rules.Session;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.LogReader.Page;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Carries out the effects of the real {@link Session} of one connection, and checks what leaves it. */
final class SimRunner implements Link.Served {
    private final Schedule schedule;
    private final Faults faults;
    private final SimNode node;
    private final Link link;
    private final SimStore.@Nullable Claimed claimed;
    private final Session session;
    private final int incarnation;
    private final SimDatabase.InOrder checkpoints;
    private final SimDatabase.InOrder subscriptions;

    private final Map<String, Subscription> routes = new LinkedHashMap<>();
    private final Deque<Runnable> afterRelease = new ArrayDeque<>();
    private final Unacked unacked;
    private boolean open = true;
    private boolean reading;
    private boolean writable = true;

    private final Set<String> knownRoutes = new HashSet<>();

    SimRunner(Schedule schedule, Faults faults, SimNode node, Link link, SimStore.@Nullable Claimed claimed) {
        this.schedule = schedule;
        this.faults = faults;
        this.node = node;
        this.link = link;
        this.claimed = claimed;
        this.incarnation = node.incarnation();
        this.unacked = new Unacked(link.client().abilities().receiveMax());
        this.session = claimed == null
                ? new Session(node.limits(), 0, node.startOfClean(link.client()))
                : new Session(node.limits(), claimed.row().sessionId, claimed.start());
        checkpoints = node.database().new InOrder(() -> true, () -> node.isAlive(incarnation));
        subscriptions = node.database().new InOrder(() -> true, () -> node.isAlive(incarnation) && open);
    }

    void start() {
        handle(new Event.Started(schedule.now()));
        tick();
    }

    private void tick() {
        schedule.after(800 + schedule.below(400), () -> {
            if (open) {
                if (schedule.chance(0.1)) {
                    writable = false;
                    handle(new Event.Writable(false, schedule.now()));
                    schedule.after(schedule.delay(200), () -> {
                        writable = true;
                        handle(new Event.Writable(true, schedule.now()));
                    });
                }
                handle(new Event.Tick(schedule.now()));
                tick();
            }
        });
    }

    String clientId() {
        return link.client().id();
    }

    int lane() {
        return link.client().lane();
    }

    boolean isOpen() {
        return open;
    }

    boolean isStored() {
        return claimed != null;
    }

    SimStore.@Nullable Row row() {
        return claimed == null ? null : claimed.row();
    }

    long epoch() {
        return claimed == null ? 0 : claimed.epoch();
    }

    private SimStore.Row ownRow() {
        return Objects.requireNonNull(claimed).row();
    }

    List<Subscription> matching(String topic) {
        List<Subscription> matching = new ArrayList<>();
        for (Subscription s : routes.values()) {
            if (Topics.matches(s.filter(), topic)) {
                matching.add(s);
            }
        }
        return matching;
    }

    // --- the end

    /** The process is gone. */
    void die() {
        open = false;
        link.cut();
    }

    @Override
    public void disconnect() {
        close();
    }

    @Override
    public void close() {
        closeThen(() -> {});
    }

    void closeThen(Runnable then) {
        if (!open) {
            then.run();
            return;
        }
        open = false;
        link.cut();
        routes.clear();
        if (claimed == null || !node.isAlive(incarnation)) {
            node.ended(this);
            then.run();
            return;
        }
        afterRelease.add(then);
        Effect.Checkpoint last = session.checkpointNow();
        checkpoints.call(() -> node.store().checkpoint(ownRow(), epoch(), last), held -> {
            node.ended(this);
            afterRelease.forEach(Runnable::run);
        });
    }

    // --- events and effects

    /** Other nodes hear of the routes after a while; until then they forward nothing for them. */
    private void awaitRoutes(long number) {
        Set<String> heard = Set.copyOf(routes.keySet());
        boolean alone = schedule.chance(0.3);
        if (alone) {
            knownRoutes.addAll(heard);
        }
        if (alone || node.bug() == Bug.LIVE_BEFORE_ROUTES) {
            post(new Event.RoutesApplied(number, Spread.EVERYWHERE));
        } else {
            post(new Event.RoutesApplied(number, Spread.BEGUN));
        }
        if (!alone) {
            schedule.after(schedule.delay(100), () -> {
                knownRoutes.addAll(heard);
                post(new Event.RoutesApplied(number, Spread.EVERYWHERE));
            });
        }
    }

    /** Whether another node forwards here what these match. */
    boolean isKnownElsewhere(List<Subscription> matching) {
        return matching.stream().anyMatch(s -> knownRoutes.contains(s.filter()));
    }

    /** Comes after what happens now. */
    void post(Event event) {
        schedule.after(0, () -> handle(event));
    }

    @Override
    public void handle(Event event) {
        if (!open) {
            return;
        }
        if (node.bug() == Bug.JOIN_WITHOUT_BUFFER && reading && event instanceof Event.Arrived) {
            return;
        }
        unacked.received(event);
        for (Effect effect : session.on(event)) {
            carryOut(effect);
        }
        checkBounds();
        if (session.hasMore() && writable) {
            post(new Event.Writable(true, schedule.now()));
        }
    }

    private void carryOut(Effect effect) {
        switch (effect) {
            case Effect.SendPublish p -> {
                unacked.sent(p);
                link.toClient(p);
            }
            case Effect.Disconnect d -> {
                // Only a takeover may end a connection here: the clients keep all rules.
                Ledger.check(d.reason() == 0x8E, "disconnected: " + d);
                close();
            }
            case Effect.ToClient packet -> link.toClient(packet);
            case Effect.Route r -> node.route(this, r.packetId(), r.message(), r.withReceipt());
            case Effect.AddRoute r -> routes.put(r.subscription().filter(), r.subscription());
            case Effect.AwaitRoutes(long number) -> awaitRoutes(number);
            case Effect.RemoveRoute r -> {
                routes.remove(r.subscription().filter());
                knownRoutes.remove(r.subscription().filter());
            }
            case Effect.SendRetained r -> retained(r.subscription());
            case Effect.MoreRetained r -> retained(r.subscription());
            case Effect.ContinueRetained r -> retained(r.subscription());
            case Effect.ForgetReceipt f ->
                subscriptions.call(
                        () -> node.store().forgetReceipt(ownRow(), epoch(), f.packetId()),
                        done -> answerOrEnd(done, new Event.ReceiptForgotten(f.packetId())));
            case Effect.Checkpoint c -> checkpoint(c);
            case Effect.StoreSubscriptions s -> store(s);
            case Effect.DeleteSubscriptions d ->
                subscriptions.call(
                        () -> node.store().unsubscribe(ownRow(), epoch(), d.keys()),
                        existed -> handle(new Event.Unsubscribed(d.packetId(), existed)));
            case Effect.Fetch f ->
                read(() -> {
                    var found = node.store().fetch(f.positions());
                    return () -> new Event.Fetched(found, schedule.now());
                });
            case Effect.ReadLog r -> readLog(r);
            case Effect.DealSettled ignored -> noGroups(effect);
            case Effect.DealTaken ignored -> noGroups(effect);
            case Effect.DealReturned ignored -> noGroups(effect);
            case Effect.ForgetTaken ignored -> noGroups(effect);
            case Effect.Audit audit -> Ledger.check(false, "nobody audits here: " + audit);
            case Effect.Dropped d -> Ledger.check(d.reason() == Effect.Dropped.Reason.NOT_WRITABLE, "dropped: " + d);
        }
    }

    private static void noGroups(Effect effect) {
        Ledger.check(false, "nobody subscribes to a group here: " + effect);
    }

    private void answerOrEnd(boolean held, Event event) {
        if (held) {
            handle(event);
        } else {
            close();
        }
    }

    private void retained(Subscription s) {
        if (!s.logged()) {
            post(new Event.RetainedArrived(s, List.of(), true, schedule.now()));
        }
    }

    private void checkpoint(Effect.Checkpoint c) {
        boolean lies = node.bug() == Bug.CHECKPOINT_NOT_AWAITED;
        if (lies) {
            post(new Event.CheckpointDone(c.number(), true, schedule.now()));
        }
        checkpoints.call(() -> node.store().checkpoint(ownRow(), epoch(), c), held -> {
            if (!lies) {
                handle(new Event.CheckpointDone(c.number(), held, schedule.now()));
            }
        });
    }

    private void store(Effect.StoreSubscriptions s) {
        if (node.bug() == Bug.SUBACK_BEFORE_STORED) {
            link.toClient(new Effect.SendSubAck(s.packetId(), List.of()));
        }
        subscriptions.call(
                () -> node.store().subscribe(ownRow(), epoch(), s.subscriptions()),
                stored -> handle(new Event.Subscribed(s.packetId(), stored)));
    }

    private void readLog(Effect.ReadLog r) {
        reading = true;
        read(() -> {
            Page page = node.store().read(r.ranges(), r.limit());
            return () -> {
                reading = false;
                Page late = node.bug() == Bug.HEADS_AFTER_ROWS ? node.store().withHeadsOfNow(page) : page;
                return new Event.PageRead(late, schedule.now());
            };
        });
    }

    /** Something is read at one moment, and its answer comes at a later one. */
    private void read(java.util.function.Supplier<java.util.function.Supplier<Event>> query) {
        boolean fails = schedule.chance(faults.readFails());
        schedule.after(schedule.delay(20), () -> {
            var answer = query.get();
            schedule.after(schedule.delay(20), () -> {
                reading = false;
                handle(fails ? new Event.ReadFailed() : answer.get());
            });
        });
    }

    // --- what must hold at each step

    private void checkBounds() {
        Session.Load load = session.load();
        var limits = node.limits();
        int queueMax = isStored()
                ? limits.liveQueueMessagesMax() + limits.pageMessages() * (Topics.FILTERS.size() + 1) * 8
                : limits.queueMessagesMax();
        Ledger.check(load.queued() <= queueMax, "the queue holds " + load);
        Ledger.check(load.putBy() <= limits.liveQueueMessagesMax(), "too much put by: " + load);
        Ledger.check(load.unacked() <= limits.inflightMax(), "the window holds " + load);
    }
}
