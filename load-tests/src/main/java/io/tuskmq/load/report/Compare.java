package io.tuskmq.load.report;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Several reports beside each other, each figure also divided by the first report's: rates of one machine and one hour. */
@Command(
        name = "compare",
        description = "Reports beside each other; in brackets each figure divided by that of the first report.")
public final class Compare implements Callable<Integer> {
    private static final List<Figure> FIGURES = List.of(
            new Figure("acked/s", r -> rate(r, "acknowledged")),
            new Figure("delivered/s", r -> rate(r, "delivered")),
            new Figure("connected/s", r -> rate(r, "connected")),
            new Figure("ack p50 ms", r -> latency(r, "acknowledgement", "p50")),
            new Figure("ack p99 ms", r -> latency(r, "acknowledgement", "p99")),
            new Figure("delivery p50 ms", r -> latency(r, "delivery", "p50")),
            new Figure("delivery p99 ms", r -> latency(r, "delivery", "p99")),
            new Figure("connect p99 ms", r -> latency(r, "connect", "p99")),
            new Figure("acked per cpu s", r -> perCpu(r, "acknowledged")),
            new Figure("delivered per cpu s", r -> perCpu(r, "delivered")),
            new Figure("lost", r -> Tree.number(Tree.map(r, "ledger"), "lost")),
            new Figure("doubled", r -> Tree.number(Tree.map(r, "ledger"), "doubled")),
            new Figure("out of order", r -> Tree.number(Tree.map(r, "ledger"), "out_of_order")),
            new Figure("exit code", r -> Tree.number(r, "exit_code")));

    private record Figure(String name, ToDoubleFunction<Map<?, ?>> of) {}

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Parameters(arity = "2..*", paramLabel = "FILE", description = "JSON files of runs; the first one is the measure.")
    List<Path> files = List.of();

    @Option(names = "--html", paramLabel = "FILE", description = "Write a page too. Default: none.")
    @Nullable
    Path html;

    @Override
    public Integer call() throws IOException {
        List<Map<?, ?>> reports = new ArrayList<>();
        for (Path file : files) {
            try {
                Map<?, ?> report = Tree.map(JsonReader.read(Files.readString(file)));
                if (Tree.number(report, "schema") != 1) {
                    throw new IllegalArgumentException("no report of schema 1");
                }
                reports.add(report);
            } catch (IOException | IllegalArgumentException e) {
                throw new ParameterException(spec.commandLine(), file + ": " + e.getMessage(), e);
            }
        }
        List<List<String>> rows = rows(reports);
        PrintWriter out = spec.commandLine().getOut();
        out.print(Console.table(rows));
        out.flush();
        Path page = html;
        if (page != null) {
            Files.writeString(page, page(reports, rows), StandardCharsets.UTF_8);
        }
        return 0;
    }

    static List<List<String>> rows(List<Map<?, ?>> reports) {
        List<List<String>> rows = new ArrayList<>();
        List<String> head = new ArrayList<>(List.of(Tree.text(reports.getFirst(), "scenario")));
        reports.forEach(report -> head.add(Tree.text(report, "name")));
        rows.add(head);
        for (Figure figure : FIGURES) {
            double first = figure.of.applyAsDouble(reports.getFirst());
            if (reports.stream().mapToDouble(figure.of).allMatch(value -> value == 0) && !figure.name.equals("lost")) {
                continue;
            }
            List<String> row = new ArrayList<>(List.of(figure.name));
            for (Map<?, ?> report : reports) {
                double value = figure.of.applyAsDouble(report);
                row.add(Html.number(value) + (first > 0 ? String.format(" (%.2f)", value / first) : ""));
            }
            rows.add(row);
        }
        return rows;
    }

    private static String page(List<Map<?, ?>> reports, List<List<String>> rows) {
        StringBuilder out =
                new StringBuilder(Html.head("Comparison: " + rows.getFirst().getFirst()));
        out.append("<p>In brackets: divided by the first one. Compare only what ran on one machine in one hour.</p>\n");
        out.append(Html.table(rows));
        for (String what : List.of("acknowledgement", "delivery")) {
            List<Plot.Line> lines = new ArrayList<>();
            for (Map<?, ?> report : reports) {
                Map<?, ?> latencies = Tree.map(Tree.mainPhase(report), "latency_millis");
                lines.add(Html.percentileLine(Tree.text(report, "name"), Tree.map(latencies, what)));
            }
            out.append("<h2>").append(what).append(" latency by percentile, milliseconds</h2>\n");
            out.append(Plot.logarithmic(lines, List.of(), Html.percentileTicks()));
        }
        return out.append("</body></html>\n").toString();
    }

    private static double rate(Map<?, ?> report, String what) {
        return Tree.number(Tree.map(Tree.mainPhase(report), "per_second"), what);
    }

    private static double latency(Map<?, ?> report, String what, String percentile) {
        return Tree.number(Tree.map(Tree.map(Tree.mainPhase(report), "latency_millis"), what), percentile);
    }

    private static double perCpu(Map<?, ?> report, String what) {
        return Tree.number(Tree.map(Tree.map(Tree.mainPhase(report), "per_cpu_second"), "watched"), what);
    }
}
