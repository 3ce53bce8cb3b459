package io.tuskmq.load.report;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A report as one HTML page that needs nothing else. */
public final class Html {
    private Html() {}

    public static String of(Map<String, @Nullable Object> report) {
        return "<!doctype html><title>" + report.get("name") + "</title>";
    }
}
