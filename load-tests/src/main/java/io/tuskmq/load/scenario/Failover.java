package io.tuskmq.load.scenario;

import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A chat in which nodes are killed, stopped and started by commands: what was acknowledged must survive that. */
@Command(
        name = "failover",
        description =
                "A chat, while commands kill, stop and start nodes: --at 10s \"kill -9 123\" --at 20s \"start it again\".")
final class Failover extends Scenario {
    @Mixin
    ChatOptions chat = new ChatOptions();

    @Option(
            names = "--at",
            arity = "2",
            required = true,
            paramLabel = "SECONDS COMMAND",
            hideParamSyntax = true,
            description = "A command for sh -c and when in the load it is run; may be repeated.")
    List<String> at = List.of();

    @Override
    void check() {
        chat.check();
        for (Surprises.Planned planned : Surprises.of(at)) {
            if (planned.atSeconds() < 0 || planned.atSeconds() > chat.durationSeconds) {
                throw new IllegalArgumentException("--at is within the duration of " + chat.durationSeconds + " s");
            }
        }
    }

    @Override
    int inFlightMax() {
        return 1_000;
    }

    @Override
    void play(Run run) throws Exception {
        Surprises surprises = new Surprises(Surprises.of(at));
        // Also when the tool is told to end.
        Runtime.getRuntime().addShutdownHook(new Thread(surprises::close, "end-commands"));
        try {
            new Chatting(run, chat, targets.targets()).play(surprises);
        } finally {
            surprises.close();
            run.results().put("commands", surprises.happened());
        }
    }
}
