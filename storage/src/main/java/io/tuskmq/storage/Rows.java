package io.tuskmq.storage;

import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Values on their way into arrays of parameters and out of rows. */
final class Rows {
    private static final byte[] NONE = {};

    private Rows() {}

    static <T> Long[] longs(Collection<T> of, Function<T, Long> value) {
        return of.stream().map(value).toArray(Long[]::new);
    }

    static <T> Integer[] integers(Collection<T> of, Function<T, Integer> value) {
        return of.stream().map(value).toArray(Integer[]::new);
    }

    static <T> Short[] shorts(Collection<T> of, Function<T, Integer> value) {
        return of.stream().map(v -> value.apply(v).shortValue()).toArray(Short[]::new);
    }

    static <T> Boolean[] booleans(Collection<T> of, Function<T, Boolean> value) {
        return of.stream().map(value).toArray(Boolean[]::new);
    }

    static <T> @Nullable String[] texts(Collection<T> of, Function<T, @Nullable String> value) {
        return of.stream().map(value).toArray(String[]::new);
    }

    static <T> @Nullable Buffer[] buffers(Collection<T> of, Function<T, byte @Nullable []> value) {
        return of.stream()
                .map(v -> {
                    byte[] bytes = value.apply(v);
                    return bytes == null ? null : Buffer.buffer(bytes);
                })
                .toArray(Buffer[]::new);
    }

    /** The column's bytes; none for NULL. */
    static byte[] bytes(Row row, String column) {
        Buffer buffer = row.getBuffer(column);
        return buffer == null ? NONE : buffer.getBytes();
    }

    static LaneVector vector(Row row, String column) {
        Long[] ids = row.getArrayOfLongs(column);
        long[] vector = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            vector[i] = ids[i];
        }
        return new LaneVector(vector);
    }

    static <T> List<T> list(RowSet<Row> rows, Function<Row, T> value) {
        List<T> list = new ArrayList<>(rows.size());
        for (Row row : rows) {
            list.add(value.apply(row));
        }
        return list;
    }
}
