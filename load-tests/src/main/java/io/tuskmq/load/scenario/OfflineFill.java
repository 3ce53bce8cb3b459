package io.tuskmq.load.scenario;

import io.tuskmq.load.client.Payloads;
import io.tuskmq.load.measure.Meters;
import io.tuskmq.load.measure.Phase;
import io.tuskmq.load.measure.PlainInsert;
import io.tuskmq.load.report.Json;
import io.tuskmq.load.report.Tree;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Durable messages for sessions that are away: how many a second are acknowledged and, when the sessions come back, delivered; on request
 * with plain batched inserts into the same PostgreSQL between the fills as the yardstick.
 */
@Command(
        name = "offline-fill",
        description = "Persistent sessions subscribe and go, publishers fill, the sessions come back and drain."
                + " With --state they stay away: drain brings them back.")
final class OfflineFill extends Scenario {
    @Option(
            names = "--fan-outs",
            split = ",",
            defaultValue = "1",
            paramLabel = "N",
            description =
                    "Sessions that each message goes to, one after the other; 1: 100 sessions with a topic each. Default: 1")
    List<Integer> fanOuts = List.of(1);

    @Option(
            names = {"-m", "--messages"},
            defaultValue = "200000",
            description = "At each fan-out. Default: ${DEFAULT-VALUE}")
    int messages;

    @Option(
            names = {"-p", "--publishers"},
            defaultValue = "16",
            description = "Connections that publish. Default: ${DEFAULT-VALUE}")
    int publishers;

    @Option(
            names = {"-q", "--qos"},
            defaultValue = "1",
            description = "1 or 2. Default: ${DEFAULT-VALUE}")
    int qos;

    @Option(
            names = {"-w", "--window"},
            defaultValue = "250",
            description = "Unacknowledged messages of one publisher. Default: ${DEFAULT-VALUE}")
    int window;

    @Option(
            names = {"-r", "--rate"},
            defaultValue = "0",
            description = "Messages per second; 0: closed loop. Default: 0")
    double rate;

    @Option(
            names = {"-s", "--payload-bytes"},
            defaultValue = "200",
            description = "20 to 1048576. Default: ${DEFAULT-VALUE}")
    int payloadBytes;

    @Option(
            names = "--warm-up-messages",
            defaultValue = "20000",
            description = "A fill before, which counts for the ledger only. Default: ${DEFAULT-VALUE}")
    int warmUpMessages;

    @Option(
            names = "--drain-max",
            defaultValue = "1000000",
            description =
                    "Deliveries at one fan-out, about: above it only a sample of the sessions comes back. Default: ${DEFAULT-VALUE}")
    long drainMax;

    @Option(
            names = "--state",
            paramLabel = "FILE",
            description = "Leave the sessions filled, and write down what they must get.")
    @Nullable
    Path state;

    @Option(
            names = "--plain-insert",
            description =
                    "Measure plain inserts into the broker's PostgreSQL too; needs --database.url or --start-tuskmq.")
    boolean plainInsert;

    @Mixin
    DatabaseOptions database = new DatabaseOptions();

    @Override
    void check() {
        fanOuts.forEach(fanOut -> TargetOptions.between("--fan-outs", fanOut, 1, 1_000_000));
        TargetOptions.between("--messages", messages, 1, 1_000_000_000);
        TargetOptions.between("--publishers", publishers, 1, 100_000);
        TargetOptions.between("--qos", qos, 1, 2);
        TargetOptions.between("--window", window, 1, 60_000);
        TargetOptions.between("--payload-bytes", payloadBytes, Payloads.HEADER_BYTES, Payloads.PAYLOAD_BYTES_MAX);
        TargetOptions.between("--warm-up-messages", warmUpMessages, 0, 1_000_000_000);
        if (state != null && fanOuts.size() > 1) {
            throw new IllegalArgumentException("--state is for one fan-out");
        }
        database.check("--plain-insert", plainInsert, targets);
    }

    @Override
    void databaseUrl(String url) {
        database.started(url);
    }

    @Override
    int inFlightMax() {
        return window;
    }

    @Override
    void play(Run run) throws Exception {
        run.mainPhase("fill fan-out " + fanOuts.getFirst());
        if (warmUpMessages > 0) {
            measure(run, 1, warmUpMessages, "warm-up ");
            plainInsert(run, "warm-up plain insert");
        }
        List<Object> results = new ArrayList<>();
        double plainBefore = plainInsert(run, "plain insert");
        for (int fanOut : fanOuts) {
            Map<String, Object> result = measure(run, fanOut, messages, "");
            double plainAfter = plainInsert(run, "plain insert");
            if (plainInsert) {
                double plain = (plainBefore + plainAfter) / 2;
                result.put("plain_insert_per_second_around", plain);
                result.put("fill_to_plain_insert", Tree.number(result, "fill_per_second") / plain);
                plainBefore = plainAfter;
            }
            results.add(result);
        }
        run.results().put("fan_outs", results);
        String jdbcUrl = database.jdbcUrl();
        if (plainInsert && jdbcUrl != null) {
            new PlainInsert(jdbcUrl, payloadBytes).drop();
        }
    }

    /** Returns rows per second; 0 when it isn't asked for. */
    private double plainInsert(Run run, String phase) throws Exception {
        String jdbcUrl = database.jdbcUrl();
        if (!plainInsert || jdbcUrl == null) {
            return 0;
        }
        run.phase(phase);
        long start = System.nanoTime();
        long rows = new PlainInsert(jdbcUrl, payloadBytes).run(messages);
        double perSecond = rows * 1e9 / (System.nanoTime() - start);
        run.endPhase();
        run.results().computeIfAbsent("plain_insert_per_second", _ -> new ArrayList<>());
        if (run.results().get("plain_insert_per_second") instanceof ArrayList<?> list) {
            List<Object> all = new ArrayList<>(list);
            all.add(perSecond);
            run.results().put("plain_insert_per_second", all);
        }
        return perSecond;
    }

    private Map<String, Object> measure(Run run, int fanOut, int count, String prefix) throws Exception {
        boolean isWarmUp = !prefix.isEmpty();
        String name = run.prefix() + (isWarmUp ? "-w" : "-f") + fanOut;
        Fill.Load load = new Fill.Load(publishers, qos, window, rate, payloadBytes);
        Fill fill = new Fill(run, targets.targets(), load, name, fanOut, count);
        Backlog backlog = fill.backlog();
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("fan_out", fanOut);
        result.put("sessions", backlog.sessions());
        fill.subscribe(prefix + "subscribe");
        Phase filled = fill.play(prefix + "fill fan-out " + fanOut);
        result.put("fill_per_second", filled.perSecond(Meters.Count.ACKNOWLEDGED));
        Path file = state;
        if (file != null && !isWarmUp) {
            Files.writeString(file, Json.text(backlog.form()));
            result.put("state", String.valueOf(file.getFileName()));
            return result;
        }
        Return back = new Return(run, backlog, targets.targets());
        back.drain(backlog.sample(drainMax), prefix + "drain fan-out " + fanOut, result);
        result.put("drain_per_second", run.phases().getLast().perSecond(Meters.Count.DELIVERED));
        if (!targets.startTuskmq) {
            back.forgetAll();
        }
        return result;
    }
}
