package io.tuskmq.node;

import io.tuskmq.node.session.Traces;
import io.tuskmq.node.tracing.OtelTraces;
import java.util.List;

/** The settings of traces, and what they make. */
final class TracingSettings {
    static final Setting<String> TRACING_ENDPOINT = Setting.string(
            "tracing.endpoint",
            "",
            "|https?://[^ ]{1,2000}",
            "an http or https URL with its path, or empty",
            "Where traces of messages go, by OTLP over HTTP (`http://collector:4318/v1/traces`); empty: none are made.");

    static final Setting<Integer> TRACING_ONE_IN = Setting.integer(
            "tracing.one-in",
            1_000,
            1,
            1_000_000_000,
            "Of how many messages in the log one is traced; all nodes should say the same, since they choose the same ones.");

    static final List<Setting<?>> ALL = List.of(TRACING_ENDPOINT, TRACING_ONE_IN);

    private TracingSettings() {}

    static Traces traces(Settings settings) {
        String endpoint = settings.get(TRACING_ENDPOINT);
        return endpoint.isEmpty()
                ? Traces.OFF
                : OtelTraces.to(endpoint, settings.get(Settings.NODE_NAME), settings.get(TRACING_ONE_IN));
    }
}
