package io.tuskmq.load.scenario;

import io.tuskmq.load.client.Client;
import io.tuskmq.load.client.Session;
import io.tuskmq.load.client.Target;
import io.tuskmq.load.ledger.Stream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Retained messages are set and set again; who subscribes then must get the last one of each topic, and nothing once they are removed. */
@Command(
        name = "retained",
        description = "Retained messages are set, set again, read by subscribers that come later, and removed.")
final class Retained extends Scenario {
    private static final double NOTHING_COMES_SECONDS = 1;

    @Option(
            names = {"-n", "--topics"},
            defaultValue = "10000",
            description = "Topics. Default: ${DEFAULT-VALUE}")
    int topics;

    @Option(
            names = {"-p", "--publishers"},
            defaultValue = "10",
            description = "Publishers. Default: ${DEFAULT-VALUE}")
    int publishers;

    @Option(
            names = "--subscribers",
            defaultValue = "10",
            description = "Subscribers of all topics. Default: ${DEFAULT-VALUE}")
    int subscribers;

    @Option(
            names = "--rounds",
            defaultValue = "2",
            description = "How often each topic is set. Default: ${DEFAULT-VALUE}")
    int rounds;

    @Option(
            names = {"-w", "--window"},
            defaultValue = "100",
            description = "Unacknowledged messages of one publisher. Default: ${DEFAULT-VALUE}")
    int window;

    @Option(
            names = {"-s", "--payload-bytes"},
            defaultValue = "200",
            description = "20 to 1048576. Default: ${DEFAULT-VALUE}")
    int payloadBytes;

    @Override
    void check() {
        TargetOptions.between("--publishers", publishers, 1, 100_000);
        TargetOptions.between("--topics", topics, publishers, 100_000_000);
        TargetOptions.between("--subscribers", subscribers, 1, 100_000);
        TargetOptions.between("--rounds", rounds, 1, 1_000);
        TargetOptions.between("--window", window, 1, 60_000);
        TargetOptions.between("--payload-bytes", payloadBytes, 20, 1 << 20);
    }

    @Override
    int inFlightMax() {
        return window;
    }

    @Override
    void play(Run run) throws Exception {
        run.mainPhase("get");
        List<Stream> last = List.of();
        for (int round = 0; round < rounds; round++) {
            last = publish(run, "set " + (round + 1), payloadBytes);
        }
        List<Client> readers = subscribe(run, "get", last);
        leave(run, readers);
        publish(run, "remove", 0);
        readers = subscribe(run, "get nothing", List.of());
        run.pause(NOTHING_COMES_SECONDS);
        run.endPhase();
        leave(run, readers);
    }

    /** Publishes once to each topic. */
    private List<Stream> publish(Run run, String phase, int bytes) throws Exception {
        List<Publisher> publishing = new ArrayList<>();
        List<Stream> streams = new ArrayList<>();
        List<Target> all = targets.targets();
        for (int p = 0; p < publishers; p++) {
            int first = p;
            List<String> mine = IntStream.range(0, topics)
                    .filter(t -> t % publishers == first)
                    .mapToObj(t -> run.prefix() + "/retained/" + t)
                    .toList();
            Publisher publisher = new Publisher(run, Pace.closedLoop(window).upTo(mine.size()));
            streams.add(publisher.topics(mine, 1, true, bytes));
            publisher.uses(run.client(p, all.get(p % all.size()), Session.clean(run.prefix() + "-p" + p), publisher));
            publishing.add(publisher);
        }
        Crowd.forEach(publishers, run.connectingMax(), p -> {
            Client client = publishing.get(p).client();
            return run.connect(client, client.target());
        });
        run.phase(phase);
        long now = System.nanoTime();
        publishing.forEach(publisher -> publisher.start(now));
        boolean areAcked = run.await(
                CompletableFuture.allOf(publishing.stream().map(Publisher::done).toArray(CompletableFuture<?>[]::new)));
        run.endPhase();
        if (!areAcked) {
            throw new RunFailed("messages were not acknowledged within the settling time");
        }
        Crowd.forEach(
                publishers, run.connectingMax(), p -> publishing.get(p).client().disconnect());
        return streams;
    }

    private List<Client> subscribe(Run run, String phase, List<Stream> expected) throws Exception {
        List<Client> clients = new ArrayList<>();
        List<Target> all = targets.targets();
        for (int i = 0; i < subscribers; i++) {
            // In no order: retained messages of different topics come as the broker likes.
            Subscriber subscriber = new Subscriber(run, run.ledger().group(), null);
            expected.forEach(subscriber.receiver()::expects);
            clients.add(run.client(i, all.get(i % all.size()), Session.clean(run.prefix() + "-s" + i), subscriber));
        }
        run.phase(phase);
        Crowd.forEach(
                subscribers,
                run.connectingMax(),
                i -> run.connect(clients.get(i), clients.get(i).target())
                        .thenCompose(_ -> clients.get(i).subscribe(List.of(run.prefix() + "/retained/+"), 1)));
        if (!expected.isEmpty()) {
            run.settle();
            run.endPhase();
        }
        return clients;
    }

    private static void leave(Run run, List<Client> clients) throws Exception {
        Crowd.forEach(clients.size(), run.connectingMax(), i -> clients.get(i).disconnect());
    }
}
