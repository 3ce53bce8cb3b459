package io.tuskmq.storage;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** An append whose filters come from a {@link TestFilters}. */
final class TestAppend extends Append {
    private final TestFilters filters;
    private long[] filterIds = {};
    private long version;
    int matches;

    TestAppend(TestFilters filters, Message message, @Nullable Receipt receipt, long willId) {
        super(message, receipt, willId);
        this.filters = filters;
        match();
    }

    static TestAppend of(TestFilters filters, String topic, String payload) {
        return new TestAppend(filters, Message.of(topic, payload.getBytes(StandardCharsets.UTF_8), 1, false), null, 0);
    }

    @Override
    public void match() {
        version = filters.version();
        filterIds = filters.match(message().topic());
        matches++;
    }

    @Override
    public long[] filterIds() {
        return filterIds;
    }

    @Override
    public long filtersVersion() {
        return version;
    }

    String text() {
        return new String(message().payload(), StandardCharsets.UTF_8);
    }
}
