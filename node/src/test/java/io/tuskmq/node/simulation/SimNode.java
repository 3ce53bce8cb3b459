package io.tuskmq.node.simulation;

import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.SessionLimits;
import io.tuskmq.node.rules.SessionStart;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.Message;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The broker process: connects sessions, routes, writes lanes, forwards. A crash takes all of it but what the store has. */
final class SimNode implements Link.Server {
    private final Schedule schedule;
    private final Faults faults;
    private final SimStore store;
    private final SimDatabase database;
    private final Bug bug;
    private final SessionLimits limits;

    /** The process that runs now; what an earlier one sent may commit until the next one has fenced it. */
    private int incarnation = 1;

    private boolean alive = true;
    private final List<SimRunner> runners = new ArrayList<>();
    private final Map<Integer, SimDatabase.InOrder> lanes = new HashMap<>();
    private final Map<Integer, Long> lastForward = new HashMap<>();

    SimNode(Schedule schedule, Faults faults, SimStore store, SimDatabase database, Bug bug, SessionLimits limits) {
        this.schedule = schedule;
        this.faults = faults;
        this.store = store;
        this.database = database;
        this.bug = bug;
        this.limits = limits;
        heartbeat();
    }

    private void heartbeat() {
        schedule.after(1_000, () -> {
            store.touch();
            heartbeat();
        });
    }

    SessionLimits limits() {
        return limits;
    }

    SimStore store() {
        return store;
    }

    SimDatabase database() {
        return database;
    }

    Bug bug() {
        return bug;
    }

    boolean isAlive(int ofIncarnation) {
        return alive && incarnation == ofIncarnation;
    }

    int incarnation() {
        return incarnation;
    }

    void crash() {
        alive = false;
        List.copyOf(runners).forEach(SimRunner::die);
        runners.clear();
        lanes.clear();
    }

    void restart() {
        if (!alive) {
            incarnation++;
            alive = true;
        }
    }

    // --- connections

    @Override
    public void connect(Link link) {
        if (!alive) {
            link.cut();
            return;
        }
        String clientId = link.client().id();
        Optional<SimRunner> old = runners.stream()
                .filter(r -> r.isOpen() && r.clientId().equals(clientId))
                .findAny();
        // Sometimes the old one can't be asked: as if another node had it, which doesn't answer.
        if (old.isPresent() && (!link.client().isPersistent() || schedule.chance(0.7))) {
            old.get().closeThen(() -> claim(link));
        } else {
            claim(link);
        }
    }

    private void claim(Link link) {
        SimClient client = link.client();
        int mine = incarnation;
        if (!client.isPersistent()) {
            start(link, null);
            return;
        }
        database.call(
                () -> store.claim(client.id(), client.abilities()),
                claimed -> start(link, claimed),
                () -> true,
                () -> isAlive(mine));
    }

    private void start(Link link, SimStore.@Nullable Claimed claimed) {
        var runner = new SimRunner(schedule, faults, this, link, claimed);
        runners.add(runner);
        link.servedBy(runner);
        link.connAck(claimed != null && claimed.sessionPresent());
        runner.start();
        if (link.isCut()) {
            schedule.after(schedule.delay(300), runner::close);
        }
    }

    SessionStart startOfClean(SimClient client) {
        return SessionStart.empty(-1, client.abilities());
    }

    void ended(SimRunner runner) {
        runners.remove(runner);
    }

    // --- messages

    void route(SimRunner publisher, int packetId, Message message, boolean withReceipt) {
        store.ledger().taken(Ledger.Key.of(message), 0);
        for (SimRunner runner : runners) {
            List<Subscription> matching = runner.matching(message.topic());
            boolean logged = matching.stream().anyMatch(Subscription::logged);
            boolean atOnce = message.qos() == 0 || (message.qos() == 1 && !logged);
            if (!matching.isEmpty() && atOnce) {
                runner.post(new Event.Arrived(0, message, matching, schedule.now()));
            }
        }
        if (message.qos() > 0) {
            append(publisher, packetId, message, withReceipt);
        }
    }

    private void append(SimRunner publisher, int packetId, Message message, boolean withReceipt) {
        int lane = publisher.lane();
        int mine = incarnation;
        if (bug == Bug.ACK_BEFORE_COMMIT) {
            publisher.post(new Event.Committed(packetId, message.qos(), true));
        }
        // The lane's writer finds out by the head whether a batch is in: so a repeated one does nothing.
        List<Optional<SimStore.Appended>> done = new ArrayList<>(1);
        lanes.computeIfAbsent(lane, l -> database.new InOrder(() -> incarnation == mine, () -> isAlive(mine)))
                .call(
                        () -> {
                            if (done.isEmpty()) {
                                var row = withReceipt ? publisher.row() : null;
                                done.add(store.append(lane, message, row, publisher.epoch(), packetId));
                            }
                            return done.getFirst();
                        },
                        result -> appended(publisher, packetId, message, result));
    }

    private void appended(SimRunner publisher, int packetId, Message message, Optional<SimStore.Appended> result) {
        if (result.isEmpty()) {
            publisher.post(new Event.AppendRefused(packetId));
            return;
        }
        if (bug != Bug.ACK_BEFORE_COMMIT) {
            publisher.post(
                    new Event.Committed(packetId, message.qos(), result.get().matched()));
        }
        int lane = publisher.lane();
        int mine = incarnation;
        long at = Math.max(lastForward.getOrDefault(lane, 0L), schedule.now() + schedule.delay(10));
        lastForward.put(lane, at);
        schedule.at(at, () -> {
            if (isAlive(mine)) {
                forward(lane, message, result.get());
            }
        });
    }

    private void forward(int lane, Message message, SimStore.Appended at) {
        boolean lost = schedule.chance(faults.forwardsLost());
        boolean tellsComplete = !lost && schedule.chance(0.3);
        for (SimRunner runner : List.copyOf(runners)) {
            List<Subscription> matching = runner.matching(message.topic());
            if (!runner.isStored()) {
                if (message.qos() == 2 && !matching.isEmpty()) {
                    runner.post(new Event.Arrived(0, message, matching, schedule.now()));
                }
                continue;
            }
            if (lost) {
                if (bug != Bug.SILENT_GAP) {
                    runner.post(new Event.ForwardsLost());
                }
            } else if (at.matched()
                    && matching.stream().anyMatch(Subscription::logged)
                    && runner.isKnownElsewhere(matching)) { // else nobody knows, and nobody says so
                runner.post(new Event.Arrived(at.id(), message, matching, schedule.now()));
            }
            if (tellsComplete) {
                runner.post(new Event.LaneComplete(lane, at.id()));
            }
        }
    }
}
