package io.tuskmq.storage;

import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The rows that a batch adds to the log, in columns. By filter, then by id: in this order they go into the table and its key, so that
 * what a session reads at once lies together.
 */
final class PgLogColumns {
    /** Bit 2 of the log's flags: RETAIN as published. */
    static final int RETAIN_FLAG = 4;

    private final List<LogRow> rows = new ArrayList<>();

    private record LogRow(long filterId, long id, Values values) {}

    /** What all rows of one message share. */
    record Values(
            Short flags,
            @Nullable Long expiresAt,
            @Nullable Long publisher,
            String topic,
            @Nullable Buffer properties,
            Buffer payload) {
        static Values of(Message message) {
            return new Values(
                    (short) (message.qos() | (message.retain() ? RETAIN_FLAG : 0)),
                    message.expiresAtMillis() == 0 ? null : message.expiresAtMillis(),
                    // Only a stored session can read the log, so only a stored publisher can be the reader itself
                    // (no-local).
                    message.publisher() > 0 ? message.publisher() : null,
                    message.topic(),
                    message.properties().length == 0 ? null : Buffer.buffer(message.properties()),
                    Buffer.buffer(message.payload()));
        }
    }

    /** Rows of one filter must come in the order of their ids. */
    void add(long filterId, long id, Values values) {
        rows.add(new LogRow(filterId, id, values));
    }

    Tuple addTo(Tuple parameters) {
        rows.sort(Comparator.comparingLong(LogRow::filterId));
        return parameters
                .addArrayOfLong(column(Long[]::new, LogRow::filterId))
                .addArrayOfLong(column(Long[]::new, LogRow::id))
                .addArrayOfShort(column(Short[]::new, row -> row.values().flags()))
                .addArrayOfLong(column(Long[]::new, row -> row.values().expiresAt()))
                .addArrayOfLong(column(Long[]::new, row -> row.values().publisher()))
                .addArrayOfString(column(String[]::new, row -> row.values().topic()))
                .addArrayOfBuffer(column(Buffer[]::new, row -> row.values().properties()))
                .addArrayOfBuffer(column(Buffer[]::new, row -> row.values().payload()));
    }

    private <T> @Nullable T[] column(IntFunction<@Nullable T[]> array, Function<LogRow, @Nullable T> value) {
        @Nullable T[] column = array.apply(rows.size());
        for (int i = 0; i < column.length; i++) {
            column[i] = value.apply(rows.get(i));
        }
        return column;
    }
}
