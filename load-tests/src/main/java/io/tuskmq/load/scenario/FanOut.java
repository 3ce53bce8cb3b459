package io.tuskmq.load.scenario;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Few publishers on one topic, and many subscribers that get everything. */
@Command(name = "fan-out", description = "Few publishers on one topic; each of many subscribers gets all messages.")
final class FanOut extends Scenario {
    @Mixin
    TrafficOptions traffic = new TrafficOptions();

    @Option(
            names = {"-p", "--publishers"},
            defaultValue = "1",
            description = "Publishers. Default: ${DEFAULT-VALUE}")
    int publishers;

    @Option(
            names = {"-n", "--subscribers"},
            defaultValue = "100",
            description = "Subscribers. Default: ${DEFAULT-VALUE}")
    int subscribers;

    @Override
    void check() {
        traffic.check();
        TargetOptions.between("--publishers", publishers, 1, 100_000);
        TargetOptions.between("--subscribers", subscribers, 1, 1_000_000);
    }

    @Override
    int inFlightMax() {
        return traffic.inFlightMax();
    }

    @Override
    void play(Run run) throws Exception {
        Traffic all = new Traffic(run, traffic, targets.targets());
        String topic = all.topic("out");
        List<Publisher> publishing = new ArrayList<>();
        for (int i = 0; i < publishers; i++) {
            Publisher publisher = new Publisher(run, traffic.pace(publishers));
            publisher.topic(topic, traffic.qos, false, traffic.payloadBytes);
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
            all.add(i, subscriber, List.of(topic));
        }
        all.play();
    }
}
