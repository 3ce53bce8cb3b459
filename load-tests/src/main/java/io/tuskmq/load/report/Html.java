package io.tuskmq.load.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A report as one HTML page that needs nothing else: no script, no font, no picture from elsewhere. */
public final class Html {
    private static final String STYLE = """
            body { font: 15px/1.45 system-ui, sans-serif; max-width: 900px; margin: 2em auto; padding: 0 1em; color: #1b1f23 }
            h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin: 1.6em 0 .4em }
            table { border-collapse: collapse; margin: .5em 0 } td, th { padding: .2em .7em; border-bottom: 1px solid #d8dde2 }
            th { text-align: left } td { text-align: right; font-variant-numeric: tabular-nums } td:first-child { text-align: left }
            svg { max-width: 100%; height: auto } svg text { font-size: 11px; fill: #444 } svg path { fill: none; stroke-width: 1.6 }
            svg .grid { stroke: #e3e6e9 } svg .mark { stroke: #999; stroke-dasharray: 3 3 }
            .clean { color: #2b8a3e } .faulty { color: #c92a2a; font-weight: bold } .none { color: #777 }
            """;

    private Html() {}

    public static String of(Map<String, @Nullable Object> report) {
        StringBuilder out = new StringBuilder(head(Tree.text(report, "scenario") + ": " + Tree.text(report, "name")));
        verdict(out, report);
        Map<?, ?> results = Tree.map(report, "results");
        GrowthPlots.write(out, Tree.list(results, "growth"), "size", Tree.text(results, "growth_of"));
        GrowthPlots.write(out, Tree.list(results, "steps"), "targets", "targets");
        samples(out, report);
        percentiles(out, report);
        out.append("<h2>Phases</h2>\n");
        phases(out, report);
        for (String part : List.of("ledger", "results", "settings", "machine", "memory_bytes")) {
            Map<String, String> rows = new LinkedHashMap<>();
            flatten("", report.get(part), rows);
            if (!rows.isEmpty()) {
                out.append("<h2>").append(part.replace('_', ' ')).append("</h2>\n");
                out.append(table(rows.entrySet().stream()
                        .map(row -> List.of(row.getKey(), row.getValue()))
                        .toList()));
            }
        }
        return out.append("</body></html>\n").toString();
    }

    static String head(String title) {
        return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + escape(title)
                + "</title><style>\n" + STYLE + "</style></head><body>\n<h1>" + escape(title) + "</h1>\n";
    }

    private static void verdict(StringBuilder out, Map<String, @Nullable Object> report) {
        boolean isClean = Boolean.TRUE.equals(Tree.map(report, "ledger").get("clean"));
        Object failed = report.get("failed");
        String verdict = failed != null
                ? "The run failed: " + failed
                : isClean ? "Nothing lost, doubled or out of order." : "Not clean: see the ledger.";
        out.append("<p class=\"")
                .append(isClean && failed == null ? "clean" : "faulty")
                .append("\">");
        out.append(escape(verdict)).append("</p>\n<p>").append(escape(Tree.text(report, "started")));
        out.append(", load average before ")
                .append(escape(Tree.text(report, "load_average_before")))
                .append("</p>\n");
        if (report.get("note") != null) {
            out.append("<p>").append(escape(Tree.text(report, "note"))).append("</p>\n");
        }
    }

    private static void samples(StringBuilder out, Map<String, @Nullable Object> report) {
        List<Map<?, ?>> samples = new ArrayList<>();
        Tree.list(report, "samples").forEach(sample -> samples.add(Tree.map(sample)));
        List<Plot.Mark> marks = marks(report, samples);
        out.append("<h2>Messages and connections per second</h2>\n");
        List<Plot.Line> rates = new ArrayList<>();
        for (String name : List.of("acknowledged", "delivered", "connected", "disconnected")) {
            rates.add(line(samples, "per_second", name, name));
        }
        out.append(Plot.overTime(rates, marks));
        out.append("<h2>Latency of each second, milliseconds</h2>\n");
        List<Plot.Line> latencies = new ArrayList<>();
        for (String name : List.of("acknowledgement", "delivery")) {
            latencies.add(line(samples, name + "_millis", "p50", name + " p50"));
            latencies.add(line(samples, name + "_millis", "p99", name + " p99"));
        }
        List<Plot.Mark> ticks = new ArrayList<>();
        double last = samples.isEmpty() ? 1 : Tree.number(samples.getLast(), "at_seconds");
        for (int i = 0; i <= 5; i++) {
            ticks.add(new Plot.Mark(last * i / 5, number(last * i / 5) + " s"));
        }
        out.append(Plot.logarithmic(latencies, marks, ticks));
        out.append("<h2>Processor cores in use</h2>\n");
        Set<String> processes = new LinkedHashSet<>();
        samples.forEach(
                sample -> Tree.map(sample, "cpu_cores").keySet().forEach(name -> processes.add(String.valueOf(name))));
        out.append(Plot.overTime(
                processes.stream()
                        .map(name -> line(samples, "cpu_cores", name, name))
                        .toList(),
                marks));
    }

    private static Plot.Line line(List<Map<?, ?>> samples, String part, String key, String name) {
        List<Double> xs = new ArrayList<>();
        List<Double> ys = new ArrayList<>();
        for (Map<?, ?> sample : samples) {
            xs.add(Tree.number(sample, "at_seconds"));
            ys.add(Tree.number(Tree.map(sample, part), key));
        }
        return new Plot.Line(name, xs, ys);
    }

    /** Where phases begin, and where commands were run. */
    private static List<Plot.Mark> marks(Map<String, @Nullable Object> report, List<Map<?, ?>> samples) {
        List<Plot.Mark> marks = new ArrayList<>();
        String phase = "";
        double before = 0;
        double load = 0;
        for (Map<?, ?> sample : samples) {
            String name = Tree.text(sample, "phase");
            if (!name.equals(phase)) {
                phase = name;
                marks.add(new Plot.Mark(before, name));
                load = name.equals("load") ? before : load;
            }
            before = Tree.number(sample, "at_seconds");
        }
        for (Object command : Tree.list(Tree.map(report, "results"), "commands")) {
            marks.add(new Plot.Mark(load + Tree.number(Tree.map(command), "at_seconds"), "command"));
        }
        return marks;
    }

    private static void percentiles(StringBuilder out, Map<String, @Nullable Object> report) {
        List<Plot.Line> lines = new ArrayList<>();
        Tree.map(Tree.mainPhase(report), "latency_millis")
                .forEach((what, histogram) -> lines.add(percentileLine(String.valueOf(what), Tree.map(histogram))));
        out.append("<h2>Latency by percentile, milliseconds: ").append(escape(Tree.text(report, "main_phase")));
        out.append("</h2>\n").append(Plot.logarithmic(lines, List.of(), percentileTicks()));
    }

    private static final List<String> PERCENTILES = List.of("p0", "p50", "p75", "p90", "p95", "p99", "p99_9", "p99_99");

    /** The further to the right, the rarer: each nine takes the same room. */
    static Plot.Line percentileLine(String name, Map<?, ?> histogram) {
        List<Double> xs = new ArrayList<>();
        List<Double> ys = new ArrayList<>();
        for (String percentile : PERCENTILES) {
            xs.add(nines(percentile));
            ys.add(Tree.number(histogram, percentile));
        }
        return new Plot.Line(name, xs, ys);
    }

    static List<Plot.Mark> percentileTicks() {
        return List.of("p0", "p50", "p90", "p99", "p99_9", "p99_99").stream()
                .map(p -> new Plot.Mark(nines(p), p.replace('_', '.')))
                .toList();
    }

    private static double nines(String percentile) {
        double part = Double.parseDouble(percentile.substring(1).replace('_', '.')) / 100;
        return -Math.log10(1 - part);
    }

    private static void phases(StringBuilder out, Map<String, @Nullable Object> report) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of(
                "phase",
                "seconds",
                "acked/s",
                "delivered/s",
                "ack p50",
                "ack p99",
                "delivery p50",
                "delivery p99",
                "acked per cpu s",
                "delivered per cpu s"));
        for (Object each : Tree.list(report, "phases")) {
            Map<?, ?> phase = Tree.map(each);
            Map<?, ?> rates = Tree.map(phase, "per_second");
            Map<?, ?> acks = Tree.map(Tree.map(phase, "latency_millis"), "acknowledgement");
            Map<?, ?> deliveries = Tree.map(Tree.map(phase, "latency_millis"), "delivery");
            Map<?, ?> perCpu = Tree.map(Tree.map(phase, "per_cpu_second"), "watched");
            rows.add(List.of(
                    Tree.text(phase, "name"),
                    number(Tree.number(phase, "seconds")),
                    number(Tree.number(rates, "acknowledged")),
                    number(Tree.number(rates, "delivered")),
                    number(Tree.number(acks, "p50")),
                    number(Tree.number(acks, "p99")),
                    number(Tree.number(deliveries, "p50")),
                    number(Tree.number(deliveries, "p99")),
                    number(Tree.number(perCpu, "acknowledged")),
                    number(Tree.number(perCpu, "delivered"))));
        }
        out.append(table(rows));
    }

    /** The first row is the head when there are more than two columns. */
    static String table(List<List<String>> rows) {
        StringBuilder out = new StringBuilder("<table>\n");
        boolean isHead = !rows.isEmpty() && rows.getFirst().size() > 2;
        for (List<String> row : rows) {
            out.append("<tr>");
            for (String cell : row) {
                out.append(isHead ? "<th>" : "<td>").append(escape(cell)).append(isHead ? "</th>" : "</td>");
            }
            out.append("</tr>\n");
            isHead = false;
        }
        return out.append("</table>\n").toString();
    }

    /** What is nested becomes one row for each leaf. */
    static void flatten(String path, @Nullable Object value, Map<String, String> rows) {
        switch (value) {
            case Map<?, ?> map ->
                map.forEach((key, inner) -> flatten(path.isEmpty() ? "" + key : path + " · " + key, inner, rows));
            case List<?> list -> {
                for (int i = 0; i < list.size(); i++) {
                    flatten(path + " " + (i + 1), list.get(i), rows);
                }
            }
            case Double number -> rows.put(path, number(number));
            case null -> {}
            default -> rows.put(path, String.valueOf(value));
        }
    }

    static String number(double value) {
        double size = Math.abs(value);
        String form = size == 0 || size >= 100 || (size >= 1 && value == Math.rint(value))
                ? "%,.0f"
                : size >= 1 ? "%.1f" : "%.3f";
        return String.format(Locale.ROOT, form, value);
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
