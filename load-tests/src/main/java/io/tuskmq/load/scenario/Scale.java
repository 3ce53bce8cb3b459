package io.tuskmq.load.scenario;

import io.tuskmq.load.client.Target;
import io.tuskmq.load.measure.Meters;
import io.tuskmq.load.measure.Phase;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The same pairs at one target, then at two, and so on: what another node brings. */
@Command(name = "scale", description = "The same pairs at the first target, then at the first two, and so on.")
final class Scale extends Scenario {
    @Mixin
    TrafficOptions traffic = new TrafficOptions();

    @Option(
            names = {"-n", "--pairs"},
            defaultValue = "30",
            description = "Publishers, and subscribers, in each step. Default: ${DEFAULT-VALUE}")
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
        List<Target> all = targets.targets();
        List<Object> steps = new ArrayList<>();
        double first = 0;
        for (int n = 1; n <= all.size(); n++) {
            Traffic step = new Traffic(run, traffic, all.subList(0, n), "-" + n);
            Pairs.addPairs(run, step, traffic, pairs);
            step.play();
            Phase load = phase(run, step.phase("load"));
            double perSecond = load.perSecond(Meters.Count.DELIVERED);
            first = n == 1 ? perSecond : first;
            Map<String, Object> form = new LinkedHashMap<>();
            form.put("targets", n);
            form.put("delivered_per_second", perSecond);
            form.put("to_first", first > 0 ? perSecond / first : 0.0);
            double used = load.watchedCpuSeconds();
            form.put("delivered_per_cpu_second", used > 0 ? load.count(Meters.Count.DELIVERED) / used : 0.0);
            form.put("cpu_cores", cores(load));
            steps.add(form);
            run.mainPhase(step.phase("load"));
        }
        run.results().put("steps", steps);
    }

    private static Map<String, Object> cores(Phase load) {
        Map<String, Object> cores = new LinkedHashMap<>();
        load.cpuSeconds().forEach((name, seconds) -> cores.put(name, seconds / load.seconds()));
        return cores;
    }

    static Phase phase(Run run, String name) {
        return run.phases().stream()
                .filter(phase -> phase.name().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
