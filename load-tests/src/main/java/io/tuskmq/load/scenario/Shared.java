package io.tuskmq.load.scenario;

import io.tuskmq.load.ledger.Receiver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Groups whose members share their messages: each message goes to one member of each group. */
@Command(
        name = "shared",
        description =
                "Groups with shared subscriptions ($$share/GROUP/FILTER): each message goes to one member of each group.")
final class Shared extends Scenario {
    @Mixin
    TrafficOptions traffic = new TrafficOptions();

    @Option(
            names = {"-p", "--publishers"},
            defaultValue = "10",
            description = "Publishers, with a topic each. Default: ${DEFAULT-VALUE}")
    int publishers;

    @Option(
            names = {"-g", "--groups"},
            defaultValue = "1",
            description = "Groups. Default: ${DEFAULT-VALUE}")
    int groups;

    @Option(
            names = {"-n", "--members"},
            defaultValue = "10",
            description = "Members of each group. Default: ${DEFAULT-VALUE}")
    int members;

    @Override
    void check() {
        traffic.check();
        TargetOptions.between("--publishers", publishers, 1, 100_000);
        TargetOptions.between("--groups", groups, 1, 10_000);
        TargetOptions.between("--members", members, 1, 100_000);
    }

    @Override
    int inFlightMax() {
        return traffic.inFlightMax();
    }

    @Override
    void play(Run run) throws Exception {
        Traffic all = new Traffic(run, traffic, targets.targets());
        List<Publisher> publishing = new ArrayList<>();
        for (int i = 0; i < publishers; i++) {
            Publisher publisher = new Publisher(run, traffic.pace(publishers));
            publisher.topic(all.topic("shared/" + i), traffic.qos, false, traffic.payloadBytes);
            all.add(i, publisher);
            publishing.add(publisher);
        }
        for (int g = 0; g < groups; g++) {
            Receiver books = run.ledger().group();
            ReentrantLock lock = new ReentrantLock();
            publishing.forEach(publisher -> publisher.streams().forEach(books::expects));
            for (int i = 0; i < members; i++) {
                Subscriber member = new Subscriber(run, books, lock);
                if (g == 0) {
                    publishing.forEach(member::echoesTo);
                }
                String filter = "$share/" + run.prefix() + "-g" + g + "/" + all.topic("shared/+");
                all.add(g * members + i, member, List.of(filter));
            }
        }
        all.play();
    }
}
