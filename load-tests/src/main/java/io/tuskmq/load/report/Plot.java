package io.tuskmq.load.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A plot of lines as SVG text, to be put into a page. */
final class Plot {
    private static final int WIDTH = 860;
    private static final int HEIGHT = 260;
    private static final int LEFT = 70;
    private static final int RIGHT = 185;
    private static final int TOP = 12;
    private static final int BOTTOM = 34;
    private static final List<String> COLOURS =
            List.of("#1f6fb2", "#d1592a", "#2b8a3e", "#8d4fb8", "#b08900", "#c2255c", "#0b8a8f", "#5c636a");

    /** One line; a point that is not a number interrupts it. */
    record Line(String name, List<Double> xs, List<Double> ys) {}

    /** A word at a place of the x axis. */
    record Mark(double x, String text) {}

    private final boolean isLog;
    private final List<Line> lines;
    private final List<Mark> marks;
    private final List<Mark> ticks;
    private final double minX;
    private final double maxX;
    private final double minY;
    private final double maxY;

    private Plot(List<Line> lines, List<Mark> marks, List<Mark> ticks, boolean isLog) {
        this.lines = lines.stream()
                .filter(line -> line.ys().stream().anyMatch(y -> y > 0))
                .toList();
        this.marks = marks;
        this.isLog = isLog;
        this.minX = Math.min(
                ticks.isEmpty() ? 0 : ticks.getFirst().x(),
                this.lines.stream()
                        .flatMap(line -> line.xs().stream())
                        .mapToDouble(x -> x)
                        .min()
                        .orElse(0));
        this.maxX = Math.max(
                minX + 1e-9,
                this.lines.stream()
                        .flatMap(line -> line.xs().stream())
                        .mapToDouble(x -> x)
                        .max()
                        .orElse(1));
        this.ticks = ticks.isEmpty() ? seconds() : ticks;
        double highest = this.lines.stream()
                .flatMap(line -> line.ys().stream())
                .filter(y -> !y.isNaN())
                .mapToDouble(y -> y)
                .max()
                .orElse(1);
        double lowest = this.lines.stream()
                .flatMap(line -> line.ys().stream())
                .filter(y -> y > 0)
                .mapToDouble(y -> y)
                .min()
                .orElse(0.1);
        this.maxY = isLog
                ? Math.pow(10, Math.ceil(Math.log10(highest) - 1e-9))
                : step(highest) * Math.ceil(highest / step(highest));
        this.minY = isLog ? Math.min(maxY / 10, Math.pow(10, Math.floor(Math.log10(lowest)))) : 0;
    }

    /** Over time, from 0 up. */
    static String overTime(List<Line> lines, List<Mark> marks) {
        return new Plot(lines, marks, List.of(), false).draw();
    }

    /** With a logarithmic scale, over what the ticks say. */
    static String logarithmic(List<Line> lines, List<Mark> marks, List<Mark> ticks) {
        return new Plot(lines, marks, ticks, true).draw();
    }

    private List<Mark> seconds() {
        double step = step(maxX - minX);
        List<Mark> all = new ArrayList<>();
        for (double x = Math.ceil(minX / step) * step; x <= maxX + 1e-9; x += step) {
            all.add(new Mark(x, number(x) + " s"));
        }
        return all;
    }

    /** A round distance that divides this length into four to ten. */
    private static double step(double length) {
        double power = Math.pow(10, Math.floor(Math.log10(Math.max(length, 1e-9))));
        double lead = length / power;
        return lead < 2 ? power / 4 : lead < 5 ? power / 2 : power;
    }

    private String draw() {
        if (lines.isEmpty()) {
            return "<p class=\"none\">nothing to show</p>\n";
        }
        StringBuilder out = new StringBuilder(String.format(
                Locale.ROOT,
                "<svg viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">%n",
                WIDTH,
                HEIGHT,
                WIDTH,
                HEIGHT));
        for (double y : levels()) {
            line(out, "grid", LEFT, y(y), WIDTH - RIGHT, y(y));
            text(out, LEFT - 6, y(y) + 4, "end", number(y));
        }
        for (Mark tick : ticks) {
            text(out, x(tick.x), HEIGHT - BOTTOM + 16, "middle", tick.text);
        }
        for (Mark mark : marks) {
            if (mark.x >= minX && mark.x <= maxX) {
                line(out, "mark", x(mark.x), TOP, x(mark.x), HEIGHT - BOTTOM);
                boolean isLate = x(mark.x) > 0.7 * WIDTH;
                text(out, x(mark.x) + (isLate ? -3 : 3), TOP + 10, isLate ? "end" : "start", mark.text);
            }
        }
        for (int i = 0; i < lines.size(); i++) {
            String colour = COLOURS.get(i % COLOURS.size());
            path(out, lines.get(i), colour);
            double at = TOP + 10 + 16 * i;
            out.append(String.format(
                    Locale.ROOT,
                    "<rect x=\"%d\" y=\"%.1f\" width=\"10\" height=\"10\" fill=\"%s\"/>%n",
                    WIDTH - RIGHT + 10,
                    at - 9,
                    colour));
            text(out, WIDTH - RIGHT + 25, at, "start", lines.get(i).name());
        }
        return out.append("</svg>\n").toString();
    }

    private List<Double> levels() {
        List<Double> levels = new ArrayList<>();
        if (isLog) {
            for (double y = minY; y <= maxY * 1.001; y *= 10) {
                levels.add(y);
            }
        } else {
            double step = step(maxY);
            for (double y = 0; y <= maxY * 1.001; y += step) {
                levels.add(y);
            }
        }
        return levels;
    }

    private void path(StringBuilder out, Line line, String colour) {
        StringBuilder path = new StringBuilder();
        boolean isDown = false;
        for (int i = 0; i < line.ys().size(); i++) {
            double y = line.ys().get(i);
            if (Double.isNaN(y) || (isLog && y <= 0)) {
                isDown = false;
                continue;
            }
            path.append(String.format(
                    Locale.ROOT, "%s%.1f %.1f", isDown ? "L" : "M", x(line.xs().get(i)), y(y)));
            isDown = true;
        }
        out.append("<path d=\"")
                .append(path)
                .append("\" stroke=\"")
                .append(colour)
                .append("\"/>\n");
    }

    private static void line(StringBuilder out, String kind, double x1, double y1, double x2, double y2) {
        out.append(String.format(
                Locale.ROOT,
                "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>%n",
                kind,
                x1,
                y1,
                x2,
                y2));
    }

    private static void text(StringBuilder out, double x, double y, String anchor, String text) {
        out.append(String.format(
                Locale.ROOT,
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n",
                x,
                y,
                anchor,
                Html.escape(text)));
    }

    private double x(double value) {
        return LEFT + (value - minX) / (maxX - minX) * (WIDTH - LEFT - RIGHT);
    }

    private double y(double value) {
        double part =
                isLog ? (Math.log10(value) - Math.log10(minY)) / (Math.log10(maxY) - Math.log10(minY)) : value / maxY;
        return HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP);
    }

    private static String number(double value) {
        return Html.number(value);
    }
}
