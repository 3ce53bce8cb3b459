package io.tuskmq.load;

import io.tuskmq.load.report.Compare;
import io.tuskmq.load.scenario.Scenarios;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The program: a scenario is a command, {@code compare} another one. */
@Command(
        name = "tuskmq-load",
        description = "Puts load on MQTT brokers and proves that nothing was lost.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Exit codes: 0 done and nothing lost, doubled or out of order; 1 something was; 2 wrong options; 3 the run failed."
        })
public final class Main {
    private static final int WRONG_OPTIONS = 2;
    private static final int FAILED = 3;

    private Main() {}

    public static void main(String[] args) {
        System.exit(run(args));
    }

    /** Returns the exit code. */
    static int run(String... args) {
        CommandLine line = new CommandLine(new Main());
        Scenarios.addTo(line);
        CommandLine compare = new CommandLine(new Compare());
        compare.getCommandSpec().mixinStandardHelpOptions(true);
        line.addSubcommand(compare);
        line.getSubcommands().values().forEach(command -> command.setUsageHelpAutoWidth(true));
        line.setOverwrittenOptionsAllowed(true);
        line.setParameterExceptionHandler((problem, _) -> {
            CommandLine command = problem.getCommandLine();
            command.getErr().println("tuskmq-load: " + problem.getMessage());
            command.getErr().println(command.getCommandSpec().qualifiedName() + " --help shows all options.");
            return WRONG_OPTIONS;
        });
        line.setExecutionExceptionHandler((problem, command, _) -> {
            command.getErr().println("tuskmq-load: " + problem.getMessage());
            problem.printStackTrace(command.getErr());
            return FAILED;
        });
        return line.execute(args);
    }
}
