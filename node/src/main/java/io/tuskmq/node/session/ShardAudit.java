package io.tuskmq.node.session;

import io.tuskmq.cluster.rules.OncePer;
import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.storage.LogReader;
import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after some stored sessions of a shard at a time, whether they get all that the log has for them. The log's index is read once for
 * each filter and span, whatever number of sessions it is asked for.
 */
final class ShardAudit {
    /** Sessions that are audited at the same time. */
    static final int SESSIONS_MAX = 16;

    /** Ticks after which others have their turn, when there are more. */
    private static final int TURNS = 10;

    private static final long WARN_MILLIS = 60_000;
    private static final Logger LOG = LoggerFactory.getLogger(ShardAudit.class);
    private static final OncePer<String> WARNED = new OncePer<>(WARN_MILLIS, 1);

    private List<SessionRunner> looked = List.of();
    private int next;
    private int turns;

    /** About once a second, on the shard's event loop. */
    void tick(Collection<Receiver> receivers, LaneVector watermark) {
        List<SessionRunner> before = looked;
        if (turns++ % TURNS == 0) {
            looked = choose(receivers);
            before.stream()
                    .filter(session -> !looked.contains(session))
                    .forEach(session -> turn(session, watermark, false));
        }
        looked.forEach(session -> turn(session, watermark, true));
    }

    private static void turn(SessionRunner session, LaneVector watermark, boolean goesOn) {
        session.on(new Event.AuditTurn(watermark.copy(), goesOn));
    }

    private List<SessionRunner> choose(Collection<Receiver> receivers) {
        List<SessionRunner> stored = new ArrayList<>();
        for (Receiver receiver : receivers) {
            if (receiver instanceof SessionRunner session && session.isStored()) {
                stored.add(session);
            }
        }
        List<SessionRunner> chosen = new ArrayList<>(SESSIONS_MAX);
        for (int i = 0; i < Math.min(SESSIONS_MAX, stored.size()); i++) {
            chosen.add(stored.get((next + i) % stored.size()));
        }
        next = stored.isEmpty() ? 0 : (next + SESSIONS_MAX) % stored.size();
        return chosen;
    }

    /** Carries out what the audit of a session asks for. Nothing is repeated: without an answer it begins anew. */
    static void perform(Effect.Audit audit, SessionRunner session) {
        LogReader log = session.broker().store().log();
        switch (audit) {
            case Effect.CompareLog(long number, List<LogReader.Span> spans) ->
                answer(session, log.digests(spans), digests -> new Event.LogCompared(number, digests));
            case Effect.ReadMissed(long number, List<LogReader.Range> ranges, int limit) ->
                answer(
                        session,
                        log.read(ranges, limit),
                        page -> new Event.MissedRead(
                                number, ranges, page, session.shard().nowMillis()));
            case Effect.FoundMissed(int messages) -> {
                session.broker().counters().missed(messages);
                if (WARNED.passes("missed", session.shard().nowMillis())) {
                    LOG.warn(
                            "client={} messages={} were in the log and had not been handed over: they are now",
                            session.identity().clientId(),
                            messages);
                }
            }
        }
    }

    private static <T> void answer(SessionRunner session, Future<T> asked, Function<T, Event> event) {
        asked.onSuccess(answer -> session.shard().post(() -> session.on(event.apply(answer))))
                .onFailure(failure -> LOG.debug("a look into the log failed: {}", failure.getMessage()));
    }
}
