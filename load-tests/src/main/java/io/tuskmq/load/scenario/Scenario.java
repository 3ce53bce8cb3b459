package io.tuskmq.load.scenario;

import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A kind of load, which is a command too: its options are fields, and {@link Runner} runs it. */
abstract class Scenario implements Callable<Integer> {
    @Spec
    CommandSpec spec = CommandSpec.create();

    @Mixin
    TargetOptions targets = new TargetOptions();

    @Mixin
    OutputOptions output = new OutputOptions();

    String name() {
        return spec.name();
    }

    /** Throws IllegalArgumentException with a sentence when options don't fit. */
    abstract void check();

    /** Unacknowledged messages of one client, at most. */
    abstract int inFlightMax();

    /** The number of the run; none: any. */
    OptionalInt runNumber() throws Exception {
        return OptionalInt.empty();
    }

    /** The database of a broker that was started for this run, for scenarios that look at it. */
    void databaseUrl(String jdbcUrl) {}

    abstract void play(Run run) throws Exception;

    @Override
    public final Integer call() throws Exception {
        try {
            targets.check();
            output.check();
            check();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
        return new Runner(this).run();
    }
}
