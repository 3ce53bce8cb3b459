package io.tuskmq.load.scenario;

import io.tuskmq.load.client.Payloads;
import picocli.CommandLine.Option;

/** Options of scenarios in which publishers go on for some time. */
final class TrafficOptions {
    @Option(
            names = {"-q", "--qos"},
            defaultValue = "1",
            description = "QoS of publishes and subscriptions. Default: ${DEFAULT-VALUE}")
    int qos;

    @Option(
            names = {"-r", "--rate"},
            defaultValue = "0",
            description =
                    "Messages per second that all publishers together send, whatever the broker does;"
                            + " latencies count from when each was to be sent. 0: closed loop, each as fast as --window allows. Default: 0")
    double rate;

    @Option(
            names = {"-w", "--window"},
            defaultValue = "100",
            description =
                    "Unacknowledged messages of one publisher (QoS 0 in a closed loop: undelivered). Default: ${DEFAULT-VALUE}")
    int window;

    @Option(
            names = {"-s", "--payload-bytes"},
            defaultValue = "200",
            description = "Size of a payload, 20 to 1048576. Default: ${DEFAULT-VALUE}")
    int payloadBytes;

    @Option(
            names = {"-d", "--duration"},
            defaultValue = "20",
            description = "Seconds of load. Default: ${DEFAULT-VALUE}")
    double durationSeconds;

    @Option(
            names = "--warm-up",
            defaultValue = "3",
            description =
                    "Seconds of the same load before, which go into the ledger but not into the figures. Default: ${DEFAULT-VALUE}")
    double warmUpSeconds;

    @Option(names = "--persistent", description = "Subscribers have sessions that the broker keeps.")
    boolean persistent;

    @Option(names = "--cross", description = "Publishers connect to the target after that of their subscribers.")
    boolean cross;

    /** Throws IllegalArgumentException with a sentence. */
    void check() {
        TargetOptions.between("--qos", qos, 0, 2);
        TargetOptions.between("--window", window, 1, 60_000);
        TargetOptions.between("--payload-bytes", payloadBytes, Payloads.HEADER_BYTES, Payloads.PAYLOAD_BYTES_MAX);
        TargetOptions.between("--rate", (long) rate, 0, 100_000_000);
        TargetOptions.between("--duration", (long) Math.ceil(durationSeconds), 1, 604_800);
        TargetOptions.between("--warm-up", (long) warmUpSeconds, 0, 86_400);
    }

    /** The pace of each of so many publishers. */
    Pace pace(int publishers) {
        return rate > 0 ? Pace.each((long) (publishers * 1e9 / rate), window) : Pace.closedLoop(window);
    }

    /** At a fixed rate the window must not be what holds the publishers back. */
    int inFlightMax() {
        return rate > 0 ? Math.max(window, 10_000) : window;
    }
}
