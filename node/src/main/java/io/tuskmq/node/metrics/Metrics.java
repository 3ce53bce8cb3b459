package io.tuskmq.node.metrics;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;
import java.util.regex.Pattern;

/**
 * All metrics of a node. Counters are registered by name and kept by their users; counting costs one {@link LongAdder#add}. May be
 * called from any thread. Names follow Prometheus: {@code tuskmq_} first, the unit last, {@code _total} on counters.
 */
public final class Metrics {
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]*");

    private enum Type {
        COUNTER,
        GAUGE
    }

    /** One metric: its samples by their labels, as text ({@code reason="expired"}, or empty). */
    private record Family(
            Type type, String help, Map<String, DoubleSupplier> samples, Map<String, LongAdder> counters) {}

    private final ConcurrentSkipListMap<String, Family> families = new ConcurrentSkipListMap<>();

    /** The counter of that name; the same one for every caller. Its name ends in {@code _total}. */
    public LongAdder counter(String name, String help) {
        return counter(name, help, Map.of());
    }

    /** The counter of that name with these labels, whose values must be few and known beforehand: never a client's text. */
    public LongAdder counter(String name, String help, Map<String, String> labels) {
        if (!name.endsWith("_total")) {
            throw new IllegalArgumentException("a counter's name ends in _total: " + name);
        }
        Family family = family(name, Type.COUNTER, help);
        return family.counters().computeIfAbsent(text(labels), key -> {
            LongAdder adder = new LongAdder();
            family.samples().put(key, adder::doubleValue);
            return adder;
        });
    }

    /** A value that is read when the page is asked for, on an event loop: it must not block. A second one of that name replaces it. */
    public void gauge(String name, String help, DoubleSupplier value) {
        gauge(name, help, Map.of(), value);
    }

    /** The same with labels. */
    public void gauge(String name, String help, Map<String, String> labels, DoubleSupplier value) {
        family(name, Type.GAUGE, help).samples().put(text(labels), value);
    }

    /** A count that something else keeps, read when the page is asked for. Its name ends in {@code _total}. */
    public void counted(String name, String help, Map<String, String> labels, DoubleSupplier value) {
        family(name, Type.COUNTER, help).samples().put(text(labels), value);
    }

    /** Everything in Prometheus' text format 0.0.4, sorted by name. */
    public String text() {
        StringBuilder page = new StringBuilder(4_096);
        families.forEach((name, family) -> {
            page.append("# HELP ")
                    .append(name)
                    .append(' ')
                    .append(escape(family.help()))
                    .append('\n');
            page.append("# TYPE ").append(name).append(family.type() == Type.COUNTER ? " counter\n" : " gauge\n");
            family.samples().forEach((labels, value) -> {
                page.append(name);
                if (!labels.isEmpty()) {
                    page.append('{').append(labels).append('}');
                }
                page.append(' ').append(number(value.getAsDouble())).append('\n');
            });
        });
        return page.toString();
    }

    private Family family(String name, Type type, String help) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("not a metric's name: " + name);
        }
        Family family = families.computeIfAbsent(
                name, _ -> new Family(type, help, new ConcurrentSkipListMap<>(), new ConcurrentSkipListMap<>()));
        if (family.type() != type) {
            throw new IllegalArgumentException("already registered as another type: " + name);
        }
        return family;
    }

    private static String text(Map<String, String> labels) {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(labels).forEach((name, value) -> {
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("not a label's name: " + name);
            }
            text.append(text.isEmpty() ? "" : ",").append(name).append("=\"");
            text.append(escape(value).replace("\"", "\\\"")).append('"');
        });
        return text.toString();
    }

    private static String escape(String text) {
        return text.replace("\\", "\\\\").replace("\n", "\\n");
    }

    private static String number(double value) {
        boolean whole = value == Math.rint(value) && Math.abs(value) < 1L << 53;
        return whole ? Long.toString((long) value) : Double.toString(value).replace("Infinity", "Inf");
    }
}
