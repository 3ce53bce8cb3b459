package io.tuskmq.load.scenario;

import io.tuskmq.load.client.Client;
import io.tuskmq.load.client.Session;
import io.tuskmq.load.client.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Publishers and subscribers that stay connected: connects them, lets them work for the time asked for, and waits for the rest. */
final class Traffic {
    private final Run run;
    private final TrafficOptions options;
    private final List<Target> targets;
    private final String part;
    private final String prefix;
    private final List<Seat> subscribers = new ArrayList<>();
    private final List<Publisher> publishers = new ArrayList<>();

    private record Seat(Client client, Subscriber subscriber, List<String> filters) {}

    Traffic(Run run, TrafficOptions options, List<Target> targets) {
        this(run, options, targets, "");
    }

    /** @param part tells several of one run apart, in client ids, topics and phases */
    Traffic(Run run, TrafficOptions options, List<Target> targets, String part) {
        this.run = run;
        this.options = options;
        this.targets = targets;
        this.part = part;
        this.prefix = run.prefix() + part;
    }

    /** Adds a session with these subscriptions; those of the same number share target and event loop with that publisher. */
    void add(int number, Subscriber subscriber, List<String> filters) {
        String clientId = prefix + "-s" + subscribers.size();
        Session session = options.persistent ? Session.persistent(clientId) : Session.clean(clientId);
        Client client = run.client(number, targets.get(number % targets.size()), session, subscriber);
        subscriber.times(client);
        subscribers.add(new Seat(client, subscriber, filters));
    }

    void add(int number, Publisher publisher) {
        Target target = targets.get((number + (options.cross ? 1 : 0)) % targets.size());
        Session session = Session.clean(prefix + "-p" + publishers.size());
        publisher.uses(run.client(number, target, session, publisher));
        publishers.add(publisher);
    }

    String topic(String rest) {
        return prefix + "/" + rest;
    }

    String phase(String name) {
        return part.isEmpty() ? name : name + " " + part.substring(1);
    }

    /** Warm-up, load and settling, with the phases' names. */
    void play() throws Exception {
        connect();
        start();
        if (options.warmUpSeconds > 0) {
            run.phase(phase("warm-up"));
            run.pause(options.warmUpSeconds);
        }
        run.phase(phase("load"));
        run.pause(options.durationSeconds);
        stop();
        leave();
    }

    void connect() throws Exception {
        run.phase(phase("connect"));
        Crowd.forEach(subscribers.size(), run.connectingMax(), i -> {
            Seat seat = subscribers.get(i);
            return run.connect(seat.client, seat.client.target())
                    .thenCompose(_ -> seat.client.subscribe(seat.filters, options.qos));
        });
        Crowd.forEach(publishers.size(), run.connectingMax(), i -> {
            Client client = publishers.get(i).client();
            return run.connect(client, client.target());
        });
    }

    /** At a fixed rate the publishers' first messages are spread over one interval. */
    void start() {
        long now = System.nanoTime();
        long interval = options.pace(publishers.size()).intervalNanos();
        for (int i = 0; i < publishers.size(); i++) {
            publishers.get(i).start(now + interval * i / publishers.size());
        }
    }

    /** Stops the publishers and waits for acknowledgements and deliveries. */
    void stop() throws Exception {
        publishers.forEach(Publisher::stop);
        run.phaseGoesOn(phase("settle"));
        boolean areAcked = run.await(
                CompletableFuture.allOf(publishers.stream().map(Publisher::done).toArray(CompletableFuture<?>[]::new)));
        run.settle();
        run.endPhase();
        if (!areAcked) {
            throw new RunFailed("messages were not acknowledged within the settling time");
        }
    }

    /** Disconnects all, and removes the sessions that were kept. */
    void leave() throws Exception {
        Crowd.forEach(
                publishers.size(),
                run.connectingMax(),
                i -> publishers.get(i).client().disconnect());
        Crowd.forEach(subscribers.size(), run.connectingMax(), i -> {
            Client client = subscribers.get(i).client;
            CompletableFuture<Void> left = client.disconnect();
            return options.persistent ? left.thenCompose(_ -> forget(run, client)) : left;
        });
    }

    /** Ends a session: a clean one takes its place, and goes. */
    static CompletableFuture<Void> forget(Run run, Client client) {
        Client last = run.client(
                client.loopIndex(),
                client.target(),
                Session.clean(client.session().clientId()),
                new io.tuskmq.load.client.Events() {});
        return run.patiently(last::connect).thenCompose(_ -> last.disconnect());
    }
}
