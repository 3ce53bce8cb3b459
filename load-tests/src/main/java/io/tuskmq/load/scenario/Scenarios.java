package io.tuskmq.load.scenario;

import java.util.List;
import picocli.CommandLine;

/** All scenarios. */
public final class Scenarios {
    private Scenarios() {}

    public static void addTo(CommandLine line) {
        for (Object command : List.of(new Pairs(), new OfflineFill(), new Drain())) {
            CommandLine added = new CommandLine(command);
            added.getCommandSpec().mixinStandardHelpOptions(true);
            line.addSubcommand(added);
        }
    }
}
