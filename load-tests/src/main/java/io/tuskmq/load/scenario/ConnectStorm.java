package io.tuskmq.load.scenario;

import io.tuskmq.load.client.Client;
import io.tuskmq.load.client.Events;
import io.tuskmq.load.client.Session;
import io.tuskmq.load.client.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Many clients connect at once, go, and connect again, each time at the next target. */
@Command(
        name = "connect-storm",
        description = "Many clients connect, at a rate or as fast as they can, go, and connect again.")
final class ConnectStorm extends Scenario {
    @Option(
            names = {"-n", "--clients"},
            defaultValue = "1000",
            description = "Clients. Default: ${DEFAULT-VALUE}")
    int clients;

    @Option(
            names = {"-r", "--rate"},
            defaultValue = "0",
            description =
                    "Connections per second, timed from when each was to begin. 0: as fast as --connecting-max allows.")
    double rate;

    @Option(names = "--rounds", defaultValue = "3", description = "How often each connects. Default: ${DEFAULT-VALUE}")
    int rounds;

    @Option(
            names = "--persistent",
            description = "The broker keeps the sessions, with a subscription each, and must know them again.")
    boolean persistent;

    @Option(names = "--drop", description = "Clients go without DISCONNECT.")
    boolean drop;

    @Override
    void check() {
        TargetOptions.between("--clients", clients, 1, 10_000_000);
        TargetOptions.between("--rounds", rounds, 1, 1_000_000);
        TargetOptions.between("--rate", (long) rate, 0, 10_000_000);
    }

    @Override
    int inFlightMax() {
        return 1;
    }

    @Override
    void play(Run run) throws Exception {
        List<Target> all = targets.targets();
        List<Client> crowd = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            String id = run.prefix() + "-c" + i;
            Session session = persistent ? Session.persistent(id) : Session.clean(id);
            crowd.add(run.client(i, all.get(i % all.size()), session, new Lasting(run)));
        }
        for (int round = 0; round < rounds; round++) {
            int turn = round;
            String phase = "storm " + (round + 1);
            run.mainPhase(phase);
            run.phase(phase);
            Crowd.paced(clients, rate, run.connectingMax(), (i, dueNanos) -> {
                Client client = crowd.get(i);
                return run.connect(client, all.get((i + turn) % all.size()), dueNanos)
                        .thenCompose(present -> connected(run, client, i, turn, present));
            });
            run.endPhase();
            Crowd.forEach(
                    clients,
                    run.connectingMax(),
                    i -> drop ? crowd.get(i).drop() : crowd.get(i).disconnect());
        }
        if (persistent) {
            run.phase("forget");
            Crowd.forEach(clients, run.connectingMax(), i -> Traffic.forget(run, crowd.get(i)));
            run.endPhase();
        }
    }

    private CompletableFuture<Void> connected(Run run, Client client, int number, int turn, boolean present) {
        if (persistent && turn == 0) {
            return client.subscribe(List.of(run.prefix() + "/storm/" + number), 1);
        }
        if (present != (persistent && turn > 0)) {
            run.ledger().sessionLost(); // or one that was to be clean is not
        }
        return CompletableFuture.completedFuture(null);
    }

    /** A connection that is to stay until it is ended. */
    record Lasting(Run run) implements Events {
        @Override
        public void closed(Client client, Throwable cause) {
            run.fails(cause);
        }
    }
}
