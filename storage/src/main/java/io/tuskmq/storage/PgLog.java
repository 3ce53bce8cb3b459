package io.tuskmq.storage;

import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads the log in pages: one statement for all requests that wait, one range scan for all of them that ask for the same part. */
final class PgLog implements LogReader {
    /** Bytes of a page per filter; a single message may be larger. */
    static final int PAGE_BYTES_MAX = 1 << 20;

    /** Bytes of all pages that one statement reads. */
    static final int READ_BYTES_MAX = 16 << 20;

    private static final int REQUESTS_MAX = 64;
    private static final int WAITING_MAX = 20_000;

    // The first row has the heads, from the same snapshot as the rows: what lies at or below them is all in this answer
    // or was in an
    // earlier one. upto: bytes up to and with the row; the row that reaches the limit is the last.
    static final String READ = """
            SELECT 0 AS n, NULL AS id, NULL AS flags, NULL AS expires_at, NULL AS publisher, NULL AS topic, NULL AS properties,
                   NULL AS payload, NULL AS upto, array_agg(head ORDER BY lane_id) AS heads, array_agg(start ORDER BY lane_id) AS starts
              FROM lane
            UNION ALL
            SELECT r.n, l.id, l.flags, l.expires_at, l.publisher, l.topic, l.properties, l.payload, l.upto, NULL, NULL
              FROM unnest($1::bigint[], $2::bigint[], $3::integer[]) WITH ORDINALITY AS r (filter_id, after_id, rows_max, n)
             CROSS JOIN LATERAL (
                SELECT p.*, sum(p.size) OVER (ORDER BY p.id) AS upto FROM (
                    SELECT id, flags, expires_at, publisher, topic, properties, payload,
                           octet_length(payload) + octet_length(topic) + coalesce(octet_length(properties), 0) + 64 AS size
                      FROM log
                     WHERE log.filter_id = r.filter_id AND log.id > r.after_id
                     ORDER BY log.id
                     LIMIT r.rows_max) p) l
             WHERE l.upto - l.size < $4""";

    static final String FETCH = """
            SELECT p.n, l.flags, l.expires_at, l.publisher, l.topic, l.properties, l.payload
              FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS p (filter_id, id, n)
              JOIN log l ON l.filter_id = p.filter_id AND l.id = p.id""";

    static final String DIGESTS = """
            SELECT s.n, s.filter_id, d.count, d.xor
              FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS s (filter_id, after_id, through_id, n)
             CROSS JOIN LATERAL (
                SELECT count(*) AS count, coalesce(bit_xor(log.id), 0) AS xor
                  FROM log
                 WHERE log.filter_id = s.filter_id AND log.id > s.after_id AND log.id <= s.through_id) d
             ORDER BY s.n""";

    private record Request(List<Range> ranges, int limit) {}

    private record Found(long id, Message message) {}

    /** The rows of one range, and whether the limit in bytes cut it short. */
    private record Part(List<Found> rows, boolean cut) {}

    private final Sql sql;
    private final Batcher<Request, Page> reads;
    private final Batcher<List<Position>, List<Optional<Message>>> fetches;
    private final Batcher<List<Span>, List<Digest>> digests;

    /** @param connections how many statements may run at the same time */
    PgLog(Sql sql, int connections) {
        this.sql = sql;
        this.reads =
                new Batcher<>("log reads", new Batcher.Limits(connections, REQUESTS_MAX, WAITING_MAX), this::readAll);
        this.fetches = new Batcher<>(
                "log fetches", new Batcher.Limits(connections, REQUESTS_MAX, WAITING_MAX), this::fetchAll);
        // One at a time: nobody waits for it.
        this.digests = new Batcher<>("log digests", new Batcher.Limits(1, REQUESTS_MAX, WAITING_MAX), this::digestAll);
    }

    @Override
    public Future<Page> read(List<Range> ranges, int limit) {
        return reads.submit(new Request(List.copyOf(ranges), limit));
    }

    @Override
    public Future<List<Optional<Message>>> fetch(List<Position> positions) {
        return fetches.submit(List.copyOf(positions));
    }

    @Override
    public Future<Excess> excess(List<Waiting> waiting, int keep) {
        return PgExcess.of(sql, waiting, keep);
    }

    private Future<List<Page>> readAll(List<Request> requests) {
        Map<Range, Integer> limits = new LinkedHashMap<>();
        for (Request request : requests) {
            request.ranges().forEach(range -> limits.merge(range, request.limit(), Math::max));
        }
        List<Range> ranges = new ArrayList<>(limits.keySet());
        int bytesMax = Math.min(PAGE_BYTES_MAX, READ_BYTES_MAX / Math.max(1, ranges.size()));
        Tuple arguments = Tuple.tuple()
                .addArrayOfLong(ranges.stream().map(Range::filterId).toArray(Long[]::new))
                .addArrayOfLong(ranges.stream().map(Range::afterId).toArray(Long[]::new))
                .addArrayOfInteger(limits.values().toArray(Integer[]::new))
                .addLong((long) bytesMax);
        return sql.query(READ, arguments).map(rows -> pages(requests, ranges, bytesMax, rows));
    }

    private static List<Page> pages(List<Request> requests, List<Range> ranges, int bytesMax, RowSet<Row> rows) {
        LaneVector heads = new LaneVector();
        LaneVector starts = new LaneVector();
        Map<Range, Part> parts = new HashMap<>();
        Map<Long, Message> shared = new HashMap<>();
        for (Row row : rows) {
            int n = row.getLong("n").intValue();
            if (n == 0) {
                heads = vector(row.getArrayOfLongs("heads"));
                starts = vector(row.getArrayOfLongs("starts"));
                continue;
            }
            long id = row.getLong("id");
            // A message under several filters is one object, as it is for all sessions that asked for the same range.
            Message message = shared.computeIfAbsent(id, key -> message(row));
            boolean cut = row.getLong("upto") >= bytesMax;
            parts.compute(ranges.get(n - 1), (range, part) -> {
                List<Found> found = part == null ? new ArrayList<>() : part.rows();
                found.add(new Found(id, message));
                return new Part(found, cut || (part != null && part.cut()));
            });
        }
        List<Page> pages = new ArrayList<>(requests.size());
        for (Request request : requests) {
            pages.add(page(request, parts, heads, starts));
        }
        return pages;
    }

    private static Page page(Request request, Map<Range, Part> parts, LaneVector heads, LaneVector starts) {
        long throughId = Long.MAX_VALUE;
        for (Range range : request.ranges()) {
            Part part = parts.get(range);
            if (part == null) {
                continue;
            }
            int size = part.rows().size();
            if (size >= request.limit()) {
                throughId =
                        Math.min(throughId, part.rows().get(request.limit() - 1).id());
            } else if (part.cut()) {
                throughId = Math.min(throughId, part.rows().getLast().id());
            }
        }
        TreeMap<Long, Logged> merged = new TreeMap<>();
        for (Range range : request.ranges()) {
            Part part = parts.get(range);
            for (Found found : part == null ? List.<Found>of() : part.rows()) {
                if (found.id() > throughId) {
                    break;
                }
                merged.merge(
                        found.id(),
                        new Logged(found.id(), new long[] {range.filterId()}, found.message()),
                        PgLog::underBoth);
            }
        }
        return new Page(new ArrayList<>(merged.values()), throughId, heads.copy(), starts.copy());
    }

    private static Logged underBoth(Logged a, Logged b) {
        long[] filterIds = Arrays.copyOf(a.filterIds(), a.filterIds().length + b.filterIds().length);
        System.arraycopy(b.filterIds(), 0, filterIds, a.filterIds().length, b.filterIds().length);
        return new Logged(a.id(), Arrays.stream(filterIds).sorted().distinct().toArray(), a.message());
    }

    private Future<List<List<Optional<Message>>>> fetchAll(List<List<Position>> requests) {
        List<Position> distinct =
                requests.stream().flatMap(List::stream).distinct().toList();
        if (distinct.isEmpty()) {
            return Future.succeededFuture(Collections.nCopies(requests.size(), List.of()));
        }
        Tuple arguments = Tuple.tuple()
                .addArrayOfLong(distinct.stream().map(Position::filterId).toArray(Long[]::new))
                .addArrayOfLong(distinct.stream().map(Position::id).toArray(Long[]::new));
        return sql.query(FETCH, arguments).map(rows -> {
            Map<Position, Message> found = new HashMap<>();
            Map<Long, Message> shared = new HashMap<>();
            for (Row row : rows) {
                Position position = distinct.get(row.getLong("n").intValue() - 1);
                found.put(position, shared.computeIfAbsent(position.id(), id -> message(row)));
            }
            return requests.stream()
                    .map(positions -> positions.stream()
                            .map(position -> Optional.ofNullable(found.get(position)))
                            .collect(Collectors.toList()))
                    .collect(Collectors.toList());
        });
    }

    @Override
    public Future<List<Digest>> digests(List<Span> spans) {
        return digests.submit(List.copyOf(spans));
    }

    private Future<List<List<Digest>>> digestAll(List<List<Span>> requests) {
        List<Span> spans = requests.stream().flatMap(List::stream).distinct().toList();
        Tuple arguments = Tuple.of(
                Rows.longs(spans, Span::filterId),
                Rows.longs(spans, Span::afterId),
                Rows.longs(spans, Span::throughId));
        return sql.query(DIGESTS, arguments).map(rows -> {
            Map<Span, Digest> found = new HashMap<>();
            for (Row row : rows) {
                found.put(
                        spans.get(row.getLong("n").intValue() - 1),
                        new Digest(row.getLong("filter_id"), row.getLong("count"), row.getLong("xor")));
            }
            return requests.stream()
                    .map(request -> request.stream()
                            .map(span -> Objects.requireNonNull(found.get(span)))
                            .toList())
                    .toList();
        });
    }

    private static Message message(Row row) {
        int flags = row.getShort("flags");
        @Nullable Buffer properties = row.getBuffer("properties");
        @Nullable Long expiresAt = row.getLong("expires_at");
        @Nullable Long publisher = row.getLong("publisher");
        return new Message(
                row.getString("topic"),
                row.getBuffer("payload").getBytes(),
                flags & 3,
                (flags & PgLogColumns.RETAIN_FLAG) != 0,
                properties == null ? new byte[0] : properties.getBytes(),
                expiresAt == null ? 0 : expiresAt,
                publisher == null ? 0 : publisher);
    }

    /** Of a column with one id per lane, lane 1 first; lanes are numbered without gaps. */
    static LaneVector vector(Long @Nullable [] ids) {
        long[] plain = new long[ids == null ? 0 : ids.length];
        for (int i = 0; i < plain.length; i++) {
            plain[i] = ids == null ? 0 : ids[i];
        }
        return new LaneVector(plain);
    }
}
