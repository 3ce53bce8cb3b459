package io.tuskmq.load.scenario;

import picocli.CommandLine.Option;

/** Options of a chat. */
final class ChatOptions {
    @Option(
            names = {"-n", "--users"},
            defaultValue = "200",
            description = "Users. Default: ${DEFAULT-VALUE}")
    int users;

    @Option(names = "--rooms", defaultValue = "20", description = "Rooms. Default: ${DEFAULT-VALUE}")
    int rooms;

    @Option(
            names = "--rooms-each",
            defaultValue = "3",
            description = "Rooms that a user is in. Default: ${DEFAULT-VALUE}")
    int roomsEach;

    @Option(
            names = {"-r", "--rate"},
            defaultValue = "100",
            description =
                    "Messages per second of all users together; each goes to all of a room. Default: ${DEFAULT-VALUE}")
    double rate;

    @Option(
            names = "--offline",
            defaultValue = "0.2",
            description = "Part of the users that is away, 0 to 0.9. Default: ${DEFAULT-VALUE}")
    double offline;

    @Option(
            names = "--moves",
            defaultValue = "5",
            description =
                    "Users per second that come back, at the next target, while another one goes. Default: ${DEFAULT-VALUE}")
    double movesPerSecond;

    @Option(
            names = {"-s", "--payload-bytes"},
            defaultValue = "200",
            description = "20 to 1048576. Default: ${DEFAULT-VALUE}")
    int payloadBytes;

    @Option(
            names = {"-d", "--duration"},
            defaultValue = "30",
            description = "Seconds of load. Default: ${DEFAULT-VALUE}")
    double durationSeconds;

    /** Throws IllegalArgumentException with a sentence. */
    void check() {
        TargetOptions.between("--users", users, 2, 10_000_000);
        TargetOptions.between("--rooms", rooms, 1, 1_000_000);
        TargetOptions.between("--rooms-each", roomsEach, 1, 1_000);
        TargetOptions.between("--payload-bytes", payloadBytes, 20, 1 << 20);
        TargetOptions.between("--duration", (long) Math.ceil(durationSeconds), 1, 604_800);
        if (rate <= 0 || rate > 10_000_000) {
            throw new IllegalArgumentException("--rate is above 0 and up to 10000000");
        }
        if (offline < 0 || offline > 0.9 || movesPerSecond < 0 || movesPerSecond > 1_000) {
            throw new IllegalArgumentException("--offline is from 0 to 0.9, --moves from 0 to 1000");
        }
    }

    Pace pace() {
        return Pace.each((long) (users * 1e9 / rate), 1_000);
    }
}
