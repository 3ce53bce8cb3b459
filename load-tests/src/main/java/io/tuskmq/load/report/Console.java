package io.tuskmq.load.report;

import io.tuskmq.load.measure.Sample;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a run says on the terminal: a line each second, and the summary. */
public final class Console {
    /** Of percentiles in results p50, p99 and p100 are shown. */
    private static final Pattern LESS_ASKED_FOR = Pattern.compile(" (mean|p(0|10|25|75|90|95|99_9|99_99))$");

    private final PrintStream out;
    private final boolean isQuiet;

    public Console(PrintStream out, boolean isQuiet) {
        this.out = out;
        this.isQuiet = isQuiet;
    }

    /** One second of the run. */
    public void sample(Sample sample) {
        if (isQuiet) {
            return;
        }
        StringBuilder line =
                new StringBuilder(String.format(Locale.ROOT, "%5.0f s %-10s", sample.atSeconds(), sample.phase()));
        Map<String, Double> rates = sample.perSecond();
        rate(line, "connected", rates.getOrDefault("connected", 0.0));
        rate(line, "acked", rates.getOrDefault("acknowledged", 0.0));
        rate(line, "delivered", rates.getOrDefault("delivered", 0.0));
        if (sample.acknowledgement().count() > 0) {
            line.append(String.format(
                    Locale.ROOT, "  ack p99 %.1f ms", sample.acknowledgement().p99()));
        }
        if (sample.delivery().count() > 0) {
            line.append(String.format(
                    Locale.ROOT, "  delivery p99 %.1f ms", sample.delivery().p99()));
        }
        line.append("  cores");
        sample.cpuCores().forEach((name, cores) -> line.append(String.format(Locale.ROOT, " %s %.2f", name, cores)));
        out.println(line);
    }

    private static void rate(StringBuilder line, String name, double rate) {
        if (rate > 0) {
            line.append(String.format(Locale.ROOT, "  %s %,.0f/s", name, rate));
        }
    }

    /** The end of the run, from its report. */
    public void summary(Map<String, @Nullable Object> report) {
        out.println();
        out.printf("%s: %s%n", report.get("scenario"), report.get("name"));
        for (Object phase : Tree.list(report, "phases")) {
            phase(Tree.map(phase));
        }
        Map<?, ?> results = Tree.map(report, "results");
        if (!results.isEmpty()) {
            Map<String, String> rows = new LinkedHashMap<>();
            Html.flatten("", results, rows);
            rows.forEach((name, value) -> {
                if (!LESS_ASKED_FOR.matcher(name).find()) {
                    out.printf("  %s = %s%n", name, value);
                }
            });
        }
        Map<?, ?> ledger = Tree.map(report, "ledger");
        StringBuilder line = new StringBuilder("  ledger  ");
        ledger.forEach((name, value) -> {
            if (!"clean".equals(name)) {
                line.append(' ').append(name).append('=').append(value);
            }
        });
        out.println(line);
        boolean isClean = Boolean.TRUE.equals(ledger.get("clean"));
        Object failed = report.get("failed");
        out.println(
                failed != null
                        ? "  FAILED: " + failed
                        : isClean ? "  clean: nothing lost, doubled or out of order" : "  NOT CLEAN: see the ledger");
    }

    private void phase(Map<?, ?> phase) {
        Map<?, ?> perSecond = Tree.map(phase, "per_second");
        out.printf(
                Locale.ROOT,
                "  %-22s %8.1f s  acked %,12.0f/s  delivered %,12.0f/s%n",
                phase.get("name"),
                Tree.number(phase, "seconds"),
                Tree.number(perSecond, "acknowledged"),
                Tree.number(perSecond, "delivered"));
        Tree.map(phase, "latency_millis").forEach((what, histogram) -> {
            Map<?, ?> values = Tree.map(histogram);
            out.printf(
                    Locale.ROOT,
                    "      %-16s p50 %.2f  p90 %.2f  p99 %.2f  p99.9 %.2f  max %.2f ms%n",
                    what,
                    Tree.number(values, "p50"),
                    Tree.number(values, "p90"),
                    Tree.number(values, "p99"),
                    Tree.number(values, "p99_9"),
                    Tree.number(values, "p100"));
        });
        Map<?, ?> cpu = Tree.map(phase, "cpu_seconds");
        StringBuilder line = new StringBuilder("      cpu seconds     ");
        cpu.forEach((name, seconds) ->
                line.append(String.format(Locale.ROOT, " %s %.2f", name, Tree.number(cpu, String.valueOf(name)))));
        Map<?, ?> perCpu = Tree.map(phase, "per_cpu_second");
        if (perCpu.containsKey("watched")) {
            Map<?, ?> watched = Tree.map(perCpu, "watched");
            line.append(String.format(
                    Locale.ROOT,
                    "; per cpu second of the watched: acked %,.0f delivered %,.0f",
                    Tree.number(watched, "acknowledged"),
                    Tree.number(watched, "delivered")));
        }
        out.println(line);
    }

    /** Rows of words, in columns as wide as their widest. */
    public static String table(List<List<String>> rows) {
        int columns = rows.stream().mapToInt(List::size).max().orElse(0);
        int[] widths = new int[columns];
        rows.forEach(row -> {
            for (int i = 0; i < row.size(); i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        });
        StringBuilder out = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.size(); i++) {
                String cell = row.get(i);
                String blanks = " ".repeat(widths[i] - cell.length());
                line.append(i == 0 ? cell + blanks : "  " + blanks + cell);
            }
            out.append(line.toString().stripTrailing()).append('\n');
        }
        return out.toString();
    }
}
