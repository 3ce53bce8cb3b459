package io.tuskmq.load.scenario;

import io.tuskmq.load.report.JsonReader;
import io.tuskmq.load.report.Tree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Brings the sessions of an earlier offline-fill back, to whatever target, and checks that each gets all that waited for it. */
@Command(
        name = "drain",
        description = "The sessions of an offline-fill --state come back, if need be to other targets.")
final class Drain extends Scenario {
    @Option(names = "--state", required = true, paramLabel = "FILE", description = "What offline-fill wrote down.")
    @Nullable
    Path state;

    @Option(
            names = "--drain-max",
            defaultValue = "1000000",
            description =
                    "Deliveries, about: above it only a sample of the sessions comes back. Default: ${DEFAULT-VALUE}")
    long drainMax;

    @Option(names = "--keep", description = "Keep the sessions at the broker.")
    boolean keep;

    @Override
    void check() {
        TargetOptions.between("--drain-max", drainMax, 1, Long.MAX_VALUE);
        var _ = form();
    }

    private Map<?, ?> form() {
        Path file = state;
        if (file == null) {
            throw new IllegalArgumentException("--state is missing");
        }
        try {
            return Tree.map(JsonReader.read(Files.readString(file)));
        } catch (IOException e) {
            throw new IllegalArgumentException("--state can't be read: " + e.getMessage(), e);
        }
    }

    @Override
    OptionalInt runNumber() {
        return OptionalInt.of((int) Tree.number(form(), "run"));
    }

    @Override
    int inFlightMax() {
        return 1;
    }

    @Override
    void play(Run run) throws Exception {
        run.mainPhase("drain");
        Backlog backlog = Backlog.of(form(), run.ledger());
        Return back = new Return(run, backlog, targets.targets());
        Map<String, Object> result = new LinkedHashMap<>();
        back.drain(backlog.sample(drainMax), "drain", result);
        run.results().putAll(result);
        if (!keep) {
            back.forgetAll();
        }
    }
}
