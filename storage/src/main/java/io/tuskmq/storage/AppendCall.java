package io.tuskmq.storage;

import io.tuskmq.storage.rules.LaneBatcher.Batch;
import io.tuskmq.storage.rules.RetainedTags;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The parameters of one call of {@code append_log} (migration V19), {@code append_batch} (V16) or {@code append_retained} (V9), in columns. */
final class AppendCall {
    /** For batches of nothing but rows of the log. */
    static final String APPEND_LOG = """
            SELECT append_log($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) AS status, NULL::bigint[] AS refused""";

    /** For batches that also have receipts of QoS 2, or consume wills. */
    static final String APPEND = """
            SELECT status, version, owner, head, refused FROM append_batch(
                $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
                $24, $25, $26, $27, $28)""";

    /** For batches that change retained messages or copy them. */
    static final String APPEND_RETAINED = """
            SELECT status, version, owner, head, refused FROM append_retained(
                $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
                $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40)""";

    private final PgLogColumns rows = new PgLogColumns();

    private final List<Long> receiptIds = new ArrayList<>();
    private final List<Long> receiptSessions = new ArrayList<>();
    private final List<Long> receiptEpochs = new ArrayList<>();
    private final List<Integer> receiptPackets = new ArrayList<>();
    private final List<Long> receiptNumbers = new ArrayList<>();

    private final List<Long> willIds = new ArrayList<>();
    private final List<Long> wills = new ArrayList<>();

    private final List<Long> retainedIds = new ArrayList<>();
    private final List<Short> retainedQos = new ArrayList<>();
    private final List<@Nullable Long> retainedExpiries = new ArrayList<>();
    private final List<String> retainedTopics = new ArrayList<>();
    private final List<@Nullable Buffer> retainedProperties = new ArrayList<>();
    private final List<Buffer> retainedPayloads = new ArrayList<>();
    private final List<Integer> retainedTagEnds = new ArrayList<>();
    private final List<String> retainedTags = new ArrayList<>();

    private final PgHandoverColumns handovers = new PgHandoverColumns();

    private AppendCall() {}

    /** A statement, and what it is to be executed with. */
    record Ready(String statement, Tuple parameters) {}

    static Ready of(Leases.Lane lane, Batch batch) {
        AppendCall call = new AppendCall();
        for (Append append : batch.appends()) {
            Append.Handover handover = append.handover();
            if (handover == null) {
                call.add(append);
            } else {
                call.handovers.add(append.id(), handover);
            }
        }
        Tuple parameters = call.logRows(lane, batch);
        if (!call.handovers.isEmpty() || !call.retainedIds.isEmpty()) {
            return new Ready(APPEND_RETAINED, call.handovers.addTo(call.addTo(parameters)));
        }
        return call.receiptIds.isEmpty() && call.willIds.isEmpty()
                ? new Ready(APPEND_LOG, parameters)
                : new Ready(APPEND, call.addTo(parameters));
    }

    private void add(Append append) {
        Message message = append.message();
        PgLogColumns.Values values = PgLogColumns.Values.of(message);
        for (long filterId : append.filterIds()) {
            rows.add(filterId, append.id(), values);
        }
        Append.Receipt receipt = append.receipt();
        if (receipt != null) {
            receiptIds.add(append.id());
            receiptSessions.add(receipt.sessionId());
            receiptEpochs.add(receipt.epoch());
            receiptPackets.add(receipt.packetId());
            receiptNumbers.add(receipt.number());
        }
        if (append.willId() != 0) {
            willIds.add(append.id());
            wills.add(append.willId());
        }
        if (append.changesRetained()) {
            retainedIds.add(append.id());
            retainedQos.add((short) message.qos());
            retainedExpiries.add(values.expiresAt());
            retainedTopics.add(message.topic());
            retainedProperties.add(values.properties());
            retainedPayloads.add(values.payload());
            Collections.addAll(retainedTags, RetainedTags.of(message.topic()));
            retainedTagEnds.add(retainedTags.size());
        }
    }

    private Tuple logRows(Leases.Lane lane, Batch batch) {
        Tuple parameters = Tuple.tuple()
                .addInteger(lane.laneId())
                .addLong(lane.incarnation())
                .addLong(batch.oldHead())
                .addLong(batch.newHead())
                .addLong(batch.version());
        return rows.addTo(parameters);
    }

    private Tuple addTo(Tuple parameters) {
        return parameters
                .addArrayOfLong(longs(receiptIds))
                .addArrayOfLong(longs(receiptSessions))
                .addArrayOfLong(longs(receiptEpochs))
                .addArrayOfInteger(receiptPackets.toArray(Integer[]::new))
                .addArrayOfLong(longs(receiptNumbers))
                .addArrayOfLong(longs(willIds))
                .addArrayOfLong(longs(wills))
                .addArrayOfLong(longs(retainedIds))
                .addArrayOfShort(retainedQos.toArray(Short[]::new))
                .addArrayOfLong(longs(retainedExpiries))
                .addArrayOfString(retainedTopics.toArray(String[]::new))
                .addArrayOfBuffer(retainedProperties.toArray(Buffer[]::new))
                .addArrayOfBuffer(retainedPayloads.toArray(Buffer[]::new))
                .addArrayOfInteger(retainedTagEnds.toArray(Integer[]::new))
                .addArrayOfString(retainedTags.toArray(String[]::new));
    }

    static Long[] longs(List<? extends @Nullable Long> list) {
        return list.toArray(Long[]::new);
    }
}
