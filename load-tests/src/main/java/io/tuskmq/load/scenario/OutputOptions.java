package io.tuskmq.load.scenario;

import io.tuskmq.load.measure.Processes.Watched;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that say what is watched, what is judged and where the result goes. */
final class OutputOptions {
    @Option(names = "--name", description = "Name of this run in tables and plots. Default: the scenario.")
    @Nullable
    String name;

    @Option(names = "--note", description = "A sentence that goes into the report.")
    @Nullable
    String note;

    @Option(names = "--json", paramLabel = "FILE", description = "Default: load-tests/results/SCENARIO-TIME.json")
    @Nullable
    Path json;

    @Option(names = "--html", paramLabel = "FILE", description = "Default: beside the JSON file.")
    @Nullable
    Path html;

    @Option(names = "--quiet", description = "No line each second.")
    boolean quiet;

    @Option(
            names = "--pid",
            paramLabel = "NAME=PID",
            description = "A process to watch, for example node=123; may be repeated.")
    List<String> pids = List.of();

    @Option(
            names = "--pid-tree",
            paramLabel = "NAME=PID",
            description = "The same with its children, for example postgres=456.")
    List<String> pidTrees = List.of();

    @Option(
            names = "--qos0-loss",
            defaultValue = "allow",
            paramLabel = "allow|fail",
            description = "Whether a lost QoS 0 message is a fault. Default: ${DEFAULT-VALUE}")
    String qos0Loss = "allow";

    @Option(
            names = "--settle",
            defaultValue = "15",
            description = "Seconds without a delivery after which the rest is given up. Default: ${DEFAULT-VALUE}")
    int settleSeconds;

    /** Throws IllegalArgumentException with a sentence. */
    void check() {
        var _ = watched();
        TargetOptions.between("--settle", settleSeconds, 1, 86_400);
        if (!qos0Loss.equals("allow") && !qos0Loss.equals("fail")) {
            throw new IllegalArgumentException("--qos0-loss is allow or fail");
        }
    }

    boolean qos0LossIsAFault() {
        return qos0Loss.equals("fail");
    }

    List<Watched> watched() {
        List<Watched> watched = new ArrayList<>();
        pids.forEach(text -> watched.add(watched("--pid", text, false)));
        pidTrees.forEach(text -> watched.add(watched("--pid-tree", text, true)));
        return watched;
    }

    private static Watched watched(String option, String text, boolean withChildren) {
        int equals = text.indexOf('=');
        try {
            long pid = Long.parseLong(text.substring(equals + 1));
            return new Watched(equals < 1 ? "broker" : text.substring(0, equals), pid, withChildren);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(option + " wants NAME=PID, not " + text, e);
        }
    }
}
