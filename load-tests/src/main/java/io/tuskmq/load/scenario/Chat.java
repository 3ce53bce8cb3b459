package io.tuskmq.load.scenario;

import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Rooms, presence, sessions that stay while their users go, and users who come back at another node. */
@Command(
        name = "chat",
        description =
                "Rooms with QoS 1, presence by retained messages and wills; part of the users is away, and users move between targets.")
final class Chat extends Scenario {
    @Mixin
    ChatOptions chat = new ChatOptions();

    @Override
    void check() {
        chat.check();
    }

    @Override
    int inFlightMax() {
        return 1_000;
    }

    @Override
    void play(Run run) throws Exception {
        new Chatting(run, chat, targets.targets()).play(new Surprises(List.of()));
    }
}
