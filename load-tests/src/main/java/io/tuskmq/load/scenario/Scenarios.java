package io.tuskmq.load.scenario;

import java.util.List;
import picocli.CommandLine;

/** All scenarios. */
public final class Scenarios {
    private Scenarios() {}

    public static void addTo(CommandLine line) {
        for (Object command : List.of(
                new Pairs(),
                new FanIn(),
                new FanOut(),
                new Shared(),
                new OfflineFill(),
                new Drain(),
                new ConnectStorm(),
                new Idle(),
                new Retained(),
                new Chat(),
                new Failover(),
                new Scale(),
                new Growth(),
                new Latency(),
                new Start(),
                new Attacks())) {
            CommandLine added = new CommandLine(command);
            added.getCommandSpec().mixinStandardHelpOptions(true);
            line.addSubcommand(added);
        }
    }
}
