package io.tuskmq.node.tracing;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanId;
import io.opentelemetry.api.trace.TraceId;
import io.opentelemetry.sdk.trace.IdGenerator;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Ids of a trace and of its first span that follow from a log id; those of other spans by chance. */
final class LogIdGenerator implements IdGenerator {
    static final long CHOICE = 1;
    private static final long TRACE_HIGH = 2;
    private static final long TRACE_LOW = 3;
    private static final long FIRST_SPAN = 4;

    /** The log id whose first span the thread is making. */
    private static final ThreadLocal<@Nullable Long> MAKING = new ThreadLocal<>();

    private final IdGenerator byChance = IdGenerator.random();

    /** Starts the first span of the log id. */
    static Span firstOf(long logId, SpanBuilder first) {
        MAKING.set(logId);
        try {
            return first.startSpan();
        } finally {
            MAKING.remove();
        }
    }

    static String traceId(long logId) {
        return TraceId.fromLongs(mixed(logId, TRACE_HIGH), mixed(logId, TRACE_LOW));
    }

    static String firstSpanId(long logId) {
        return SpanId.fromLong(mixed(logId, FIRST_SPAN));
    }

    /** Bits that look like chance (SplitMix64, Steele et al. 2014), and are the same on all nodes. Never 0, which no id may be. */
    static long mixed(long logId, long purpose) {
        long z = logId + purpose * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        z ^= z >>> 31;
        return z == 0 ? 1 : z;
    }

    @Override
    public String generateSpanId() {
        Long logId = MAKING.get();
        return logId == null ? byChance.generateSpanId() : firstSpanId(logId);
    }

    @Override
    public String generateTraceId() {
        return traceId(Objects.requireNonNull(MAKING.get(), "only first spans begin a trace"));
    }
}
