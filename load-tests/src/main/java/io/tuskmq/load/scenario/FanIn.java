package io.tuskmq.load.scenario;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Many publishers, a topic each, and few subscribers that get everything. */
@Command(name = "fan-in", description = "Many publishers; each subscriber gets all messages.")
final class FanIn extends Scenario {
    @Mixin
    TrafficOptions traffic = new TrafficOptions();

    @Option(
            names = {"-p", "--publishers"},
            defaultValue = "100",
            description = "Publishers, with a topic each. Default: ${DEFAULT-VALUE}")
    int publishers;

    @Option(
            names = {"-n", "--subscribers"},
            defaultValue = "1",
            description = "Subscribers. Default: ${DEFAULT-VALUE}")
    int subscribers;

    @Override
    void check() {
        traffic.check();
        TargetOptions.between("--publishers", publishers, 1, 1_000_000);
        TargetOptions.between("--subscribers", subscribers, 1, 100_000);
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
            publisher.topic(all.topic("in/" + i), traffic.qos, false, traffic.payloadBytes);
            all.add(i, publisher);
            publishing.add(publisher);
        }
        for (int i = 0; i < subscribers; i++) {
            Subscriber subscriber = new Subscriber(run, run.ledger().receiver(), null);
            for (Publisher publisher : publishing) {
                publisher.streams().forEach(subscriber.receiver()::expects);
                if (i == 0) {
                    subscriber.echoesTo(publisher);
                }
            }
            all.add(i, subscriber, List.of(all.topic("in/+")));
        }
        all.play();
    }
}
