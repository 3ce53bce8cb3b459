package io.tuskmq.storage;

import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The copies of retained messages in one call of {@code append_retained} (migration V9), in columns. */
final class PgHandoverColumns {
    private final List<Long> ids = new ArrayList<>(0);
    private final List<Long> sessions = new ArrayList<>(0);
    private final List<Long> epochs = new ArrayList<>(0);
    private final List<Long> numbers = new ArrayList<>(0);
    private final List<String> filters = new ArrayList<>(0);
    private final List<Short> qosMax = new ArrayList<>(0);
    private final List<Buffer> added = new ArrayList<>(0);
    private final List<String> topics = new ArrayList<>(0);
    private final List<Short> qos = new ArrayList<>(0);
    private final List<@Nullable Long> expiries = new ArrayList<>(0);
    private final List<@Nullable Buffer> properties = new ArrayList<>(0);
    private final List<Buffer> payloads = new ArrayList<>(0);

    boolean isEmpty() {
        return ids.isEmpty();
    }

    void add(long id, Append.Handover handover) {
        Message read = handover.read();
        ids.add(id);
        sessions.add(handover.sessionId());
        epochs.add(handover.epoch());
        numbers.add(handover.number());
        filters.add(handover.filter());
        qosMax.add((short) handover.qosMax());
        added.add(Buffer.buffer(handover.added()));
        topics.add(read.topic());
        qos.add((short) read.qos());
        expiries.add(read.expiresAtMillis() == 0 ? null : read.expiresAtMillis());
        properties.add(read.properties().length == 0 ? null : Buffer.buffer(read.properties()));
        payloads.add(Buffer.buffer(read.payload()));
    }

    Tuple addTo(Tuple parameters) {
        return parameters
                .addArrayOfLong(AppendCall.longs(ids))
                .addArrayOfLong(AppendCall.longs(sessions))
                .addArrayOfLong(AppendCall.longs(epochs))
                .addArrayOfLong(AppendCall.longs(numbers))
                .addArrayOfString(filters.toArray(String[]::new))
                .addArrayOfShort(qosMax.toArray(Short[]::new))
                .addArrayOfBuffer(added.toArray(Buffer[]::new))
                .addArrayOfString(topics.toArray(String[]::new))
                .addArrayOfShort(qos.toArray(Short[]::new))
                .addArrayOfLong(AppendCall.longs(expiries))
                .addArrayOfBuffer(properties.toArray(Buffer[]::new))
                .addArrayOfBuffer(payloads.toArray(Buffer[]::new));
    }
}
