package io.tuskmq.load.scenario;

import io.tuskmq.load.client.Client;
import io.tuskmq.load.client.Events;
import io.tuskmq.load.client.Incoming;
import io.tuskmq.load.client.Session;
import io.tuskmq.load.client.Target;
import io.tuskmq.load.ledger.Stream;
import io.tuskmq.load.measure.Meters;
import io.tuskmq.load.measure.Phase;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.HdrHistogram.Histogram;

/** A chat while it is on: its users, their coming and going, and what happened to their connections. */
final class Chatting {
    static final byte[] ONLINE = "online".getBytes(StandardCharsets.UTF_8);
    static final byte[] OFFLINE = "offline".getBytes(StandardCharsets.UTF_8);

    private static final int ARRIVE_SECONDS_MAX = 60;

    private final Run run;
    private final ChatOptions options;
    private final List<Target> targets;
    private final List<User> users = new ArrayList<>();
    private final LongAdder presence = new LongAdder();
    private final LongAdder moves = new LongAdder();
    private final ReentrantLock mendedLock = new ReentrantLock();
    private final Histogram mendedMicros = Meters.histogram();
    private final SplittableRandom random = new SplittableRandom(1);

    Chatting(Run run, ChatOptions options, List<Target> targets) {
        this.run = run;
        this.options = options;
        this.targets = targets;
        Map<Integer, List<Stream>> rooms = new HashMap<>();
        for (int i = 0; i < options.users; i++) {
            Publisher publisher = new Publisher(run, options.pace());
            for (int room : roomsOf(i)) {
                Stream stream = publisher.topic(topic(room), 1, false, options.payloadBytes);
                rooms.computeIfAbsent(room, _ -> new ArrayList<>()).add(stream);
            }
            users.add(new User(this, i, run.ledger().receiver(), publisher));
        }
        for (int i = 0; i < options.users; i++) {
            User user = users.get(i);
            for (int room : roomsOf(i)) {
                rooms.getOrDefault(room, List.of()).forEach(user.receiver()::expects);
                user.subscribesTo(topic(room));
            }
            user.subscribesTo(run.prefix() + "/presence/" + roomsOf(i)[0] + "/+");
        }
    }

    /** The same rooms each time it is asked. */
    private int[] roomsOf(int user) {
        int count = Math.min(options.roomsEach, options.rooms);
        int[] rooms = new int[count];
        for (int i = 0; i < count; i++) {
            rooms[i] = (user + i * (1 + user / options.rooms % Math.max(1, options.rooms / count))) % options.rooms;
        }
        return java.util.Arrays.stream(rooms).distinct().toArray();
    }

    private String topic(int room) {
        return run.prefix() + "/room/" + room;
    }

    String presenceTopic(int user) {
        return run.prefix() + "/presence/" + roomsOf(user)[0] + "/" + user;
    }

    Run run() {
        return run;
    }

    Target target(int turn) {
        return targets.get(turn % targets.size());
    }

    LongAdder presence() {
        return presence;
    }

    /** A broken connection was replaced after so long. */
    void mended(long nanos) {
        mendedLock.lock();
        try {
            mendedMicros.recordValue(Math.clamp(nanos / 1_000, 0, mendedMicros.getHighestTrackableValue()));
        } finally {
            mendedLock.unlock();
        }
    }

    /** All come in and talk; then the clock of the load phase runs, with what is to happen in it. */
    void play(Surprises surprises) throws Exception {
        run.phase("connect");
        Crowd.forEach(users.size(), run.connectingMax(), i -> users.get(i).arrive(ARRIVE_SECONDS_MAX));
        run.phase("load");
        long start = System.nanoTime();
        long interval = options.pace().intervalNanos();
        for (int i = 0; i < users.size(); i++) {
            users.get(i).publisher().start(start + interval * i / users.size());
        }
        long end = start + (long) (options.durationSeconds * 1e9);
        int away = Math.clamp(Math.round(users.size() * options.offline), 0, users.size() - 1);
        List<User> resting = new ArrayList<>();
        for (int i = 0; i < away; i++) {
            User user = users.get(i * users.size() / Math.max(1, away));
            resting.add(user);
            await(user.goAway(random.nextBoolean()));
        }
        while (System.nanoTime() - end < 0) {
            surprises.atSeconds((System.nanoTime() - start) / 1e9);
            run.pause(1 / Math.max(options.movesPerSecond, 5));
            if (options.movesPerSecond > 0 && !resting.isEmpty()) {
                await(resting.removeFirst().comeBack());
                User next = users.get(random.nextInt(users.size()));
                await(next.goAway(random.nextBoolean()));
                resting.add(next);
                moves.increment();
            }
        }
        finish(resting);
        report();
    }

    private static void await(CompletableFuture<Void> done) throws Exception {
        var _ = done.get(60, TimeUnit.SECONDS);
    }

    private void finish(List<User> resting) throws Exception {
        run.phaseGoesOn("settle");
        for (User user : resting) {
            await(user.comeBack());
        }
        users.forEach(user -> user.publisher().stop());
        boolean areAcked = run.await(CompletableFuture.allOf(
                users.stream().map(user -> user.publisher().done()).toArray(CompletableFuture<?>[]::new)));
        run.settle();
        run.phase("look at presence");
        run.results().put("presence_differs", presenceDiffers());
        run.phase("leave");
        Crowd.forEach(users.size(), run.connectingMax(), i -> {
            Client client = users.get(i).client();
            return client.disconnect().thenCompose(_ -> Traffic.forget(run, client));
        });
        run.endPhase();
        if (!areAcked) {
            throw new RunFailed("messages were not acknowledged within the settling time");
        }
    }

    /** How many are not shown as online though all are. A will that overtakes its user's return shows here; MQTT allows it. */
    private long presenceDiffers() throws Exception {
        Map<String, String> shown = new ConcurrentHashMap<>();
        Client looker =
                run.client(0, users.getFirst().client().target(), Session.clean(run.prefix() + "-look"), new Events() {
                    @Override
                    public void delivered(Client client, Incoming message) {
                        shown.put(message.topic(), message.text());
                    }
                });
        await(looker.connect().thenCompose(_ -> looker.subscribe(List.of(run.prefix() + "/presence/#"), 1)));
        for (int i = 0; i < 10 && shown.size() < users.size(); i++) {
            run.pause(0.2);
        }
        await(looker.disconnect());
        long online = shown.values().stream().filter("online"::equals).count();
        return users.size() - online;
    }

    private void report() {
        run.results().put("users", users.size());
        run.results().put("moves", moves.sum());
        run.results().put("presence_messages", presence.sum());
        run.results().put("broken_connections", run.meters().count(Meters.Count.DISCONNECTED));
        mendedLock.lock();
        try {
            run.results().put("reconnected_after_millis", Phase.millis(mendedMicros));
        } finally {
            mendedLock.unlock();
        }
    }
}
