package io.tuskmq.load.scenario;

import io.tuskmq.load.client.Client;
import io.tuskmq.load.client.Session;
import io.tuskmq.load.client.Target;
import io.tuskmq.load.measure.Heap;
import io.tuskmq.load.measure.Processes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Connections that do nothing: what each costs in memory, by the processes that are named. */
@Command(
        name = "idle",
        description = "Clients connect, subscribe and are still: memory for each connection, of the processes given.")
final class Idle extends Scenario {
    @Option(
            names = {"-n", "--clients"},
            defaultValue = "10000",
            description = "Clients. Default: ${DEFAULT-VALUE}")
    int clients;

    @Option(
            names = {"-d", "--duration"},
            defaultValue = "20",
            description = "Seconds of stillness. Default: ${DEFAULT-VALUE}")
    double durationSeconds;

    @Option(names = "--persistent", description = "The broker keeps the sessions.")
    boolean persistent;

    @Option(names = "--subscriptions", defaultValue = "1", description = "Of each client. Default: ${DEFAULT-VALUE}")
    int subscriptions;

    @Option(names = "--heap", description = "Look at the heap of those that are Java, by jcmd, after a collection.")
    boolean heap;

    @Override
    void check() {
        TargetOptions.between("--clients", clients, 1, 10_000_000);
        TargetOptions.between("--subscriptions", subscriptions, 0, 1_000);
    }

    @Override
    int inFlightMax() {
        return 1;
    }

    @Override
    void play(Run run) throws Exception {
        run.mainPhase("connect");
        List<Target> all = targets.targets();
        List<Client> crowd = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            String id = run.prefix() + "-i" + i;
            Session session = persistent ? Session.persistent(id) : Session.clean(id);
            crowd.add(run.client(i, all.get(i % all.size()), session, new ConnectStorm.Lasting(run)));
        }
        Map<String, Map<String, Long>> before = memory(run);
        run.phase("connect");
        Crowd.forEach(
                clients,
                run.connectingMax(),
                i -> run.connect(crowd.get(i), crowd.get(i).target())
                        .thenCompose(_ -> subscribe(run, crowd.get(i), i)));
        run.phase("idle");
        run.pause(durationSeconds);
        run.endPhase();
        Map<String, Map<String, Long>> after = memory(run);
        run.results().put("connections", clients);
        run.results().put("bytes_before", before);
        run.results().put("bytes_after", after);
        run.results().put("bytes_per_connection", perConnection(before, after));
        Crowd.forEach(clients, run.connectingMax(), i -> {
            CompletableFuture<Void> left = crowd.get(i).disconnect();
            return persistent ? left.thenCompose(_ -> Traffic.forget(run, crowd.get(i))) : left;
        });
    }

    private CompletableFuture<Void> subscribe(Run run, Client client, int number) {
        if (subscriptions == 0) {
            return CompletableFuture.completedFuture(null);
        }
        List<String> filters = new ArrayList<>();
        for (int s = 0; s < subscriptions; s++) {
            filters.add(run.prefix() + "/idle/" + number + "/" + s);
        }
        return client.subscribe(filters, 1);
    }

    private Map<String, Map<String, Long>> memory(Run run) throws IOException, InterruptedException {
        Map<String, Map<String, Long>> memory = new LinkedHashMap<>();
        if (heap) {
            for (Processes.Watched process : run.processes().watched()) {
                if (!process.withChildren()) {
                    memory.computeIfAbsent(process.name(), _ -> new LinkedHashMap<>())
                            .merge("heap", Heap.usedBytes(process.pid()), Long::sum);
                }
            }
        }
        run.processes()
                .memoryBytes()
                .forEach((name, bytes) ->
                        memory.computeIfAbsent(name, _ -> new LinkedHashMap<>()).put("resident", bytes));
        return memory;
    }

    private Map<String, Object> perConnection(
            Map<String, Map<String, Long>> before, Map<String, Map<String, Long>> after) {
        Map<String, Object> each = new LinkedHashMap<>();
        after.forEach((name, kinds) -> {
            Map<String, Object> bytes = new LinkedHashMap<>();
            kinds.forEach((kind, value) -> bytes.put(
                    kind, (double) (value - before.getOrDefault(name, Map.of()).getOrDefault(kind, 0L)) / clients));
            each.put(name, bytes);
        });
        return each;
    }
}
