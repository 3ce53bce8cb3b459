package io.tuskmq.node.tracing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.tuskmq.node.session.Traces;
import io.tuskmq.storage.Message;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The spans of a message come together, whichever nodes made them. */
class OtelTracesTest {
    private static final Message MESSAGE = Message.of("plant/1", new byte[] {1}, 1, false);

    private final List<SpanData> spans = new CopyOnWriteArrayList<>();
    private final Traces publisher = node("a", 1);
    private final Traces subscriber = node("b", 1);

    private Traces node(String name, long oneIn) {
        return new OtelTraces(name, oneIn, SimpleSpanProcessor.create(new SpanExporter() {
            @Override
            public CompletableResultCode export(Collection<SpanData> exported) {
                spans.addAll(exported);
                return CompletableResultCode.ofSuccess();
            }

            @Override
            public CompletableResultCode flush() {
                return CompletableResultCode.ofSuccess();
            }

            @Override
            public CompletableResultCode shutdown() {
                return CompletableResultCode.ofSuccess();
            }
        }));
    }

    @AfterEach
    void close() {
        publisher.close();
        subscriber.close();
    }

    private SpanData only(String name) {
        List<SpanData> found =
                spans.stream().filter(span -> span.getName().equals(name)).toList();
        assertEquals(1, found.size(), name);
        return found.getFirst();
    }

    @Test
    void appendForwardAndDeliveryBelongToThePublish() {
        long published = publisher.nowNanos();
        Runnable delivery = subscriber.delivery(77, () -> {});
        publisher.committed(new Traces.Committed(77, MESSAGE, published, 1_000, true));
        delivery.run();
        SpanData first = only("publish");
        assertEquals(published, first.getStartEpochNanos());
        assertEquals(SpanKind.SERVER, first.getKind());
        assertEquals("0000000000000000", first.getParentSpanId());
        for (String name : List.of("append", "forward", "deliver")) {
            assertEquals(first.getTraceId(), only(name).getTraceId(), name);
            assertEquals(first.getSpanId(), only(name).getParentSpanId(), name);
        }
        assertEquals(1_000, only("append").getEndEpochNanos() - only("append").getStartEpochNanos());
        assertEquals(
                "plant/1",
                first.getAttributes().asMap().entrySet().stream()
                        .filter(entry -> entry.getKey().getKey().equals("messaging.destination.name"))
                        .findFirst()
                        .orElseThrow()
                        .getValue());
    }

    @Test
    void messagesAreApart() {
        publisher.committed(new Traces.Committed(77, MESSAGE, publisher.nowNanos(), 1, false));
        publisher.committed(new Traces.Committed(78, MESSAGE, publisher.nowNanos(), 1, false));
        assertEquals(2, spans.stream().map(SpanData::getTraceId).distinct().count());
        assertEquals(4, spans.stream().map(SpanData::getSpanId).distinct().count());
    }

    @Test
    void aDeliveryThatFailsEndsItsSpan() {
        Runnable delivery = subscriber.delivery(77, () -> {
            throw new IllegalStateException("planted");
        });
        org.junit.jupiter.api.Assertions.assertThrows(IllegalStateException.class, delivery::run);
        assertTrue(only("deliver").hasEnded());
    }

    @Test
    void allNodesChooseTheSameFew() {
        Traces few = node("a", 1_000);
        Traces too = node("b", 1_000);
        long[] taken = LongStream.range(0, 100_000)
                .map(n -> n << 12)
                .filter(few::takes)
                .toArray();
        assertTrue(taken.length > 60 && taken.length < 150, taken.length + " of 100,000");
        for (long id : taken) {
            assertTrue(too.takes(id));
        }
        few.close();
        too.close();
    }

    @Test
    void offTheyDoNothing() {
        Runnable delivery = () -> {};
        assertSame(delivery, Traces.OFF.delivery(77, delivery));
        assertEquals(0, Traces.OFF.nowNanos());
        assertTrue(!Traces.OFF.takes(77));
    }
}
