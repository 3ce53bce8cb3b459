package io.tuskmq.node.tracing;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.tuskmq.node.session.Traces;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/**
 * Traces of one message in so many, by OpenTelemetry. Which ones, and the ids of trace and first span, follow from the log id: so nodes need
 * tell each other nothing for the spans of one message to come together.
 *
 * <pre>
 * publish ─ from the PUBLISH until its commit
 *  ├ append ─ the batch it went in
 *  ├ forward ─ handed to the links, where other nodes want it
 *  └ deliver ─ from a shard's queue to its sessions; one for each shard, on each node
 * </pre>
 */
public final class OtelTraces implements Traces {
    private static final AttributeKey<String> SYSTEM = AttributeKey.stringKey("messaging.system");
    private static final AttributeKey<String> TOPIC = AttributeKey.stringKey("messaging.destination.name");
    private static final AttributeKey<Long> QOS = AttributeKey.longKey("mqtt.qos");
    private static final AttributeKey<Long> LOG_ID = AttributeKey.longKey("tuskmq.log_id");
    private static final int QUEUE_SPANS_MAX = 8_192;

    private final SdkTracerProvider provider;
    private final Tracer tracer;
    private final long oneIn;

    /** @param oneIn of how many messages one is traced */
    OtelTraces(String nodeName, long oneIn, SpanProcessor processor) {
        this.oneIn = oneIn;
        provider = SdkTracerProvider.builder()
                .setIdGenerator(new LogIdGenerator())
                .setResource(Resource.create(Attributes.of(
                        AttributeKey.stringKey("service.name"),
                        "tuskmq",
                        AttributeKey.stringKey("service.instance.id"),
                        nodeName)))
                .addSpanProcessor(processor)
                .build();
        tracer = provider.get("io.tuskmq");
    }

    /**
     * Sends them by OTLP over HTTP, from a thread of its own; when the collector is slow or away, spans beyond 8,192 are left out.
     *
     * @param endpoint with its path: {@code http://collector:4318/v1/traces}
     */
    public static OtelTraces to(String endpoint, String nodeName, long oneIn) {
        var exporter = OtlpHttpSpanExporter.builder().setEndpoint(endpoint).build();
        return new OtelTraces(
                nodeName,
                oneIn,
                BatchSpanProcessor.builder(exporter)
                        .setMaxQueueSize(QUEUE_SPANS_MAX)
                        .build());
    }

    @Override
    public long nowNanos() {
        Instant now = Instant.now();
        return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    }

    @Override
    public boolean takes(long logId) {
        return Long.remainderUnsigned(LogIdGenerator.mixed(logId, LogIdGenerator.CHOICE), oneIn) == 0;
    }

    @Override
    public void committed(Committed committed) {
        long now = nowNanos();
        long logId = committed.logId();
        SpanBuilder publish = tracer.spanBuilder("publish")
                .setNoParent()
                .setSpanKind(SpanKind.SERVER)
                .setStartTimestamp(committed.publishedNanos(), TimeUnit.NANOSECONDS)
                .setAttribute(SYSTEM, "mqtt")
                .setAttribute(TOPIC, committed.message().topic())
                .setAttribute(QOS, (long) committed.message().qos())
                .setAttribute(LOG_ID, logId);
        Span first = LogIdGenerator.firstOf(logId, publish);
        child(logId, "append", SpanKind.CLIENT, now - committed.appendNanos()).end(now, TimeUnit.NANOSECONDS);
        if (committed.forwarded()) {
            child(logId, "forward", SpanKind.PRODUCER, now).end();
        }
        first.end(now, TimeUnit.NANOSECONDS);
    }

    @Override
    public Runnable delivery(long logId, Runnable delivery) {
        Span deliver = child(logId, "deliver", SpanKind.CONSUMER, nowNanos());
        return () -> {
            try {
                delivery.run();
            } finally {
                deliver.end();
            }
        };
    }

    private Span child(long logId, String name, SpanKind kind, long startNanos) {
        SpanContext first = SpanContext.createFromRemoteParent(
                LogIdGenerator.traceId(logId),
                LogIdGenerator.firstSpanId(logId),
                TraceFlags.getSampled(),
                TraceState.getDefault());
        return tracer.spanBuilder(name)
                .setParent(Context.root().with(Span.wrap(first)))
                .setSpanKind(kind)
                .setStartTimestamp(startNanos, TimeUnit.NANOSECONDS)
                .setAttribute(LOG_ID, logId)
                .startSpan();
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // what is not sent by then is lost: nobody waits for a collector
    public void close() {
        provider.shutdown();
    }
}
