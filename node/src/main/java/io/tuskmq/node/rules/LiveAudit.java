package io.tuskmq.node.rules;

import io.tuskmq.storage.LogReader.Digest;
import io.tuskmq.storage.LogReader.Logged;
import io.tuskmq.storage.LogReader.Page;
import io.tuskmq.storage.LogReader.Range;
import io.tuskmq.storage.LogReader.Span;
import io.tuskmq.storage.rules.LaneVector;
import io.tuskmq.storage.rules.LogId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Whether a live session was handed all that the log has for it: the rows that come are noted, and compared with the log, filter by
 * filter, one span after another. A fault of ours is all that it can find; what it finds is delivered.
 *
 * <p>The shard's watermark rises, lane by lane, behind the rows that it covers. Once it has risen in every lane since the notes began,
 * what lies above it was noted, whatever was half handed over when they began; and what lies below it at a later turn was handed over.
 * The span between, as ids that hold for all lanes, is compared, and the next one begins there. A session that falls behind meanwhile reads the log by itself, and
 * begins anew.
 */
final class LiveAudit {
    /** Rows noted and not yet compared, 16 bytes each: a session that gets more begins anew. */
    static final int ROWS_MAX = 10_000;

    /** Filters compared in one span; the next one takes the next filters. */
    static final int FILTERS_MAX = 16;

    static final int PAGE_ROWS = 100;

    private enum Stage {
        OFF,
        NOTING,
        BOUNDED,
        ASKED
    }

    private final OwnSubscriptions subscriptions;
    private final Effects effects;

    private Stage stage = Stage.OFF;
    /** Counts spans: an answer to an older one is none. */
    private long number;
    /** The live stretch of the session in which the notes began. */
    private long stretch;

    private LaneVector begun = new LaneVector();
    private Set<Long> filters = Set.of();
    private long after;
    private long through;
    private int turnsAsked;

    // Pairs of a filter's id and a row's.
    private long[] noted = {};
    private int rows;

    LiveAudit(OwnSubscriptions subscriptions, Effects effects) {
        this.subscriptions = subscriptions;
        this.effects = effects;
    }

    /** A row was handed over to the live session. */
    void note(long logId, List<Subscription> matching) {
        if (stage == Stage.OFF) {
            return;
        }
        for (int i = 0; i < matching.size(); i++) {
            Subscription mine = subscriptions.get(matching.get(i));
            if (mine != null && mine.logged()) {
                if (rows == ROWS_MAX) {
                    end();
                    return;
                }
                if (2 * rows == noted.length) {
                    noted = Arrays.copyOf(noted, Math.max(64, 2 * noted.length));
                }
                noted[2 * rows] = mine.filterId();
                noted[2 * rows + 1] = logId;
                rows++;
            }
        }
    }

    private void end() {
        stage = Stage.OFF;
        noted = new long[0];
        rows = 0;
        number++;
    }

    /**
     * The auditor comes by.
     *
     * @param liveStretch rises each time that the session goes live; 0 when it isn't
     */
    void turn(Event.AuditTurn e, long liveStretch) {
        LaneVector watermark = e.watermark();
        if (!e.goesOn()) {
            end();
            return;
        }
        if (stage != Stage.OFF && (liveStretch != stretch || watermark.lanes() != begun.lanes())) {
            end();
        }
        switch (stage) {
            case OFF -> begin(watermark, liveStretch);
            case NOTING -> {
                if (hasRisen(watermark)) {
                    stage = Stage.BOUNDED;
                    after = Arrays.stream(watermark.toArray()).max().orElse(0);
                }
            }
            case BOUNDED -> {
                if (watermark.low() > after) {
                    through = watermark.low();
                    compare();
                }
            }
            case ASKED -> {
                if (++turnsAsked == 5) {
                    end(); // the answer was lost
                }
            }
        }
    }

    private void begin(LaneVector watermark, long liveStretch) {
        if (liveStretch != 0 && watermark.low() > 0) {
            stage = Stage.NOTING;
            stretch = liveStretch;
            begun = watermark.copy();
            filters = new HashSet<>(subscriptions.filterIds());
        }
    }

    private boolean hasRisen(LaneVector watermark) {
        for (int lane = 1; lane <= begun.lanes(); lane++) {
            if (watermark.get(lane) <= begun.get(lane)) {
                return false;
            }
        }
        return true;
    }

    private void compare() {
        filters.retainAll(subscriptions.filterIds());
        List<Long> all = filters.stream().sorted().toList();
        List<Span> spans = new ArrayList<>(Math.min(FILTERS_MAX, all.size()));
        int first = all.isEmpty() ? 0 : (int) (number * FILTERS_MAX % all.size());
        for (int i = 0; i < Math.min(FILTERS_MAX, all.size()); i++) {
            spans.add(new Span(all.get((first + i) % all.size()), after, through));
        }
        if (spans.isEmpty()) {
            end(); // all were unsubscribed
            return;
        }
        stage = Stage.ASKED;
        turnsAsked = 0;
        effects.add(new Effect.CompareLog(number, spans));
    }

    /** The next span begins where this one ended. */
    private void goOn() {
        int kept = 0;
        for (int i = 0; i < rows; i++) {
            if (noted[2 * i + 1] > through) {
                noted[2 * kept] = noted[2 * i];
                noted[2 * kept + 1] = noted[2 * i + 1];
                kept++;
            }
        }
        rows = kept;
        after = through;
        number++;
        stage = Stage.BOUNDED;
    }

    /** The log's answer. */
    void compared(Event.LogCompared e) {
        if (stage != Stage.ASKED || e.number() != number) {
            return;
        }
        List<Range> different = new ArrayList<>(0);
        for (Digest digest : e.digests()) {
            long[] mine = noted(digest.filterId());
            long xor = 0;
            for (long id : mine) {
                xor ^= id;
            }
            if ((mine.length != digest.count() || xor != digest.xor())
                    && subscriptions.ofFilter(digest.filterId()) != null) {
                different.add(new Range(digest.filterId(), after));
            }
        }
        if (different.isEmpty()) {
            goOn();
        } else {
            effects.add(new Effect.ReadMissed(number, different, PAGE_ROWS));
        }
    }

    /** The distinct ids noted of a filter within the span. */
    private long[] noted(long filterId) {
        long[] ids = new long[rows];
        int count = 0;
        for (int i = 0; i < rows; i++) {
            long id = noted[2 * i + 1];
            if (noted[2 * i] == filterId && id > after && id <= through) {
                ids[count++] = id;
            }
        }
        return Arrays.stream(ids, 0, count).distinct().toArray();
    }

    /**
     * What the log has under the filters that differ.
     *
     * @param deliver hands a row over that was missed; false when the session will come to it by itself
     */
    void read(Event.MissedRead e, Predicate<Logged> deliver) {
        if (stage != Stage.ASKED || e.number() != number) {
            return;
        }
        Set<Long> had = new HashSet<>();
        for (int i = 0; i < rows; i++) {
            had.add(noted[2 * i + 1]);
        }
        Page page = e.page();
        int missed = 0;
        for (Logged row : page.messages()) {
            boolean within = row.id() > after && row.id() <= through && LogId.laneOf(row.id()) <= begun.lanes();
            if (within && had.add(row.id()) && deliver.test(row)) {
                missed++;
            }
        }
        if (missed > 0) {
            effects.add(new Effect.FoundMissed(missed));
        }
        if (page.throughId() < through) {
            List<Range> rest = e.ranges().stream()
                    .map(range -> new Range(range.filterId(), page.throughId()))
                    .toList();
            effects.add(new Effect.ReadMissed(number, rest, PAGE_ROWS));
        } else {
            goOn();
        }
    }
}
