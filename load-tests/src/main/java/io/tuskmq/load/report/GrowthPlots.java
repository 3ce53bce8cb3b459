package io.tuskmq.load.report;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** How each figure changes with what became more: a plot for each, both scales logarithmic, so that a bend is a change of the law. */
final class GrowthPlots {
    private GrowthPlots() {}

    /** Nothing when the results hold no points. {@code size} names the figure that is the x axis. */
    static void write(StringBuilder out, List<?> points, String size, String of) {
        List<Map<?, ?>> maps = new ArrayList<>();
        points.forEach(point -> maps.add(Tree.map(point)));
        maps.removeIf(point -> Tree.number(point, size) <= 0);
        if (maps.isEmpty()) {
            return;
        }
        out.append("<h2>Growth of ").append(Html.escape(of)).append("</h2>\n");
        Set<String> figures = new LinkedHashSet<>();
        maps.forEach(point -> point.forEach((name, value) -> {
            if (value instanceof Number && !name.equals(size)) {
                figures.add(String.valueOf(name));
            }
        }));
        List<Plot.Mark> ticks = maps.stream()
                .map(point -> Tree.number(point, size))
                .map(x -> new Plot.Mark(Math.log10(x), Html.number(x)))
                .toList();
        for (String figure : figures) {
            List<Double> xs = new ArrayList<>();
            List<Double> ys = new ArrayList<>();
            for (Map<?, ?> point : maps) {
                xs.add(Math.log10(Tree.number(point, size)));
                ys.add(point.get(figure) instanceof Number number ? number.doubleValue() : Double.NaN);
            }
            out.append("<h3>").append(Html.escape(figure.replace('_', ' '))).append("</h3>\n");
            out.append(Plot.logarithmic(List.of(new Plot.Line(of, xs, ys)), List.of(), ticks));
        }
    }
}
