package io.tuskmq.load.scenario;

import io.tuskmq.load.measure.Database;
import io.tuskmq.load.measure.Meters;
import io.tuskmq.load.measure.Phase;
import io.tuskmq.load.report.Tree;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How long a durable message takes, beside what one commit takes in the same PostgreSQL: in turns, as machines are uneven. */
@Command(
        name = "latency",
        description = "Stored sessions at a fixed rate, in turns with single commits into the same PostgreSQL.")
final class Latency extends Scenario {
    private static final double RATE = 1_000;
    private static final int WARM_UP_SECONDS = 2;

    @Mixin
    TrafficOptions traffic = new TrafficOptions();

    @Mixin
    DatabaseOptions database = new DatabaseOptions();

    @Option(
            names = {"-n", "--pairs"},
            defaultValue = "20",
            description = "Publishers, and subscribers. Default: ${DEFAULT-VALUE}")
    int pairs;

    @Option(
            names = "--rounds",
            defaultValue = "3",
            description = "Turns of commits and messages. Default: ${DEFAULT-VALUE}")
    int rounds;

    @Option(
            names = "--commit-seconds",
            defaultValue = "5",
            description = "Seconds of single commits in each turn. Default: ${DEFAULT-VALUE}")
    double commitSeconds;

    @Override
    void check() {
        traffic.rate = traffic.rate == 0 ? RATE : traffic.rate;
        traffic.persistent = true;
        traffic.check();
        TargetOptions.between("--qos", traffic.qos, 1, 2);
        TargetOptions.between("--pairs", pairs, 1, 1_000_000);
        TargetOptions.between("--rounds", rounds, 1, 1_000);
        TargetOptions.between("--commit-seconds", (long) Math.ceil(commitSeconds), 1, 3_600);
        database.check("latency", true, targets);
    }

    @Override
    void databaseUrl(String url) {
        database.started(url);
    }

    @Override
    int inFlightMax() {
        return traffic.inFlightMax();
    }

    @Override
    void play(Run run) throws Exception {
        Database commits = database.database().orElseThrow();
        List<Object> all = new ArrayList<>();
        List<Map<String, Object>> figures = new ArrayList<>();
        commits.commitMicros(WARM_UP_SECONDS, traffic.payloadBytes); // both JITs begin cold
        for (int round = 1; round <= rounds; round++) {
            run.phase("commits " + round);
            Map<String, Object> commit = Phase.millis(commits.commitMicros(commitSeconds, traffic.payloadBytes));
            run.endPhase();
            Traffic step = new Traffic(run, traffic, targets.targets(), "-" + round);
            Pairs.addPairs(run, step, traffic, pairs);
            step.play();
            String phase = step.phase("load");
            run.mainPhase(phase);
            Phase load = Scale.phase(run, phase);
            Map<String, Object> acknowledged = Phase.millis(load.timing(Meters.Timing.ACKNOWLEDGEMENT));
            Map<String, Object> turn = new LinkedHashMap<>();
            turn.put("commit_millis", commit);
            turn.put("acknowledgement_millis", acknowledged);
            turn.put("delivery_millis", Phase.millis(load.timing(Meters.Timing.DELIVERY)));
            turn.put("acknowledgement_to_commit_p50", Tree.number(acknowledged, "p50") / Tree.number(commit, "p50"));
            all.add(turn);
            figures.add(turn);
        }
        run.results().put("median_of_rounds", medians(figures));
        run.results().put("rounds", all);
    }

    private static Map<String, Object> medians(List<Map<String, Object>> turns) {
        Map<String, Object> medians = new LinkedHashMap<>();
        for (String what : List.of("commit_millis", "acknowledgement_millis", "delivery_millis")) {
            for (String percentile : List.of("p50", "p99")) {
                medians.put(
                        what + "_" + percentile,
                        median(turns.stream()
                                .map(turn -> Tree.number(Tree.map(turn, what), percentile))
                                .toList()));
            }
        }
        medians.put(
                "acknowledgement_to_commit_p50",
                median(turns.stream()
                        .map(turn -> Tree.number(turn, "acknowledgement_to_commit_p50"))
                        .toList()));
        return medians;
    }

    /** The middle one; of an even number the lower one of the two in the middle. */
    static double median(List<Double> values) {
        return values.stream().sorted().toList().get((values.size() - 1) / 2);
    }
}
