package io.tuskmq.load.scenario;

import io.tuskmq.load.client.Client;
import io.tuskmq.load.client.Events;
import io.tuskmq.load.client.Session;
import io.tuskmq.load.client.Target;
import io.tuskmq.load.ledger.Stream;
import io.tuskmq.load.measure.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Sessions that subscribe and go, and publishers that send what will wait for them, until all of it is acknowledged. */
final class Fill {
    private static final int SESSIONS_OF_ONE = 100;

    private final Run run;
    private final List<Target> targets;
    private final int qos;
    private final Backlog backlog;
    private final List<Publisher> filling = new ArrayList<>();

    /**
     * @param window unacknowledged messages of one publisher
     * @param rate messages per second of all publishers, 0: closed loop
     */
    record Load(int publishers, int qos, int window, double rate, int payloadBytes) {}

    /**
     * @param name begins topics and client ids
     * @param fanOut sessions that each message goes to; 1: 100 sessions with a topic each
     * @param messages rounded up to as many from each publisher
     */
    Fill(Run run, List<Target> targets, Load load, String name, int fanOut, int messages) {
        this.run = run;
        this.targets = targets;
        this.qos = load.qos();
        int topics = fanOut == 1 ? SESSIONS_OF_ONE : 1;
        int sessions = fanOut == 1 ? SESSIONS_OF_ONE : fanOut;
        long interval = load.rate() > 0 ? (long) (load.publishers() * 1e9 / load.rate()) : 0;
        Pace pace = interval > 0 ? Pace.each(interval, load.window()) : Pace.closedLoop(load.window());
        List<Stream> streams = new ArrayList<>();
        for (int i = 0; i < load.publishers(); i++) {
            Publisher publisher = new Publisher(run, pace.upTo(Math.ceilDiv(messages, load.publishers())));
            for (int t = 0; t < topics; t++) {
                streams.add(publisher.topic(name + "/" + t, qos, false, load.payloadBytes()));
            }
            Target target = targets.get(i % targets.size());
            publisher.uses(run.client(i, target, Session.clean(name + "-p" + i), publisher));
            filling.add(publisher);
        }
        backlog = new Backlog(run.number(), name, qos, topics, sessions, streams);
    }

    Backlog backlog() {
        return backlog;
    }

    /** Makes the sessions, each with one subscription. */
    void subscribe(String phase) throws Exception {
        run.phase(phase);
        Crowd.forEach(backlog.sessions(), run.connectingMax(), i -> {
            Client client = run.client(
                    i, targets.get(i % targets.size()), Session.persistent(backlog.session(i)), new Events() {});
            return run.connect(client, client.target())
                    .thenCompose(_ -> client.subscribe(List.of(backlog.topic(i % backlog.topics())), qos))
                    .thenCompose(_ -> client.disconnect());
        });
    }

    /** Publishes; the phase ends with the last acknowledgement. */
    Phase play(String phase) throws Exception {
        Crowd.forEach(filling.size(), run.connectingMax(), i -> {
            Client client = filling.get(i).client();
            return run.connect(client, client.target());
        });
        run.phase(phase);
        long now = System.nanoTime();
        filling.forEach(publisher -> publisher.start(now));
        boolean areAcked = run.await(
                CompletableFuture.allOf(filling.stream().map(Publisher::done).toArray(CompletableFuture<?>[]::new)));
        run.endPhase();
        Phase filled = run.phases().getLast();
        if (!areAcked) {
            throw new RunFailed("messages were not acknowledged within the settling time");
        }
        Crowd.forEach(
                filling.size(),
                run.connectingMax(),
                i -> filling.get(i).client().disconnect());
        return filled;
    }
}
