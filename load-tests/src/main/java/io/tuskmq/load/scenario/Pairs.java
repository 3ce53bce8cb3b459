package io.tuskmq.load.scenario;

import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** One publisher and one subscriber on each topic. */
@Command(name = "pairs", description = "Publishers with one subscriber each.")
final class Pairs extends Scenario {
    @Mixin
    TrafficOptions traffic = new TrafficOptions();

    @Option(
            names = {"-n", "--pairs"},
            defaultValue = "10",
            description = "Publishers, and subscribers. Default: ${DEFAULT-VALUE}")
    int pairs;

    @Override
    void check() {
        traffic.check();
        TargetOptions.between("--pairs", pairs, 1, 1_000_000);
    }

    @Override
    int inFlightMax() {
        return traffic.inFlightMax();
    }

    @Override
    void play(Run run) throws Exception {
        Traffic all = new Traffic(run, traffic, targets.targets());
        addPairs(run, all, traffic, pairs);
        all.play();
    }

    static void addPairs(Run run, Traffic all, TrafficOptions traffic, int pairs) {
        for (int i = 0; i < pairs; i++) {
            String topic = all.topic("pair/" + i);
            Publisher publisher = new Publisher(run, traffic.pace(pairs));
            Subscriber subscriber = new Subscriber(run, run.ledger().receiver(), null);
            subscriber.receiver().expects(publisher.topic(topic, traffic.qos, false, traffic.payloadBytes));
            subscriber.echoesTo(publisher);
            all.add(i, subscriber, List.of(topic));
            all.add(i, publisher);
        }
    }
}
