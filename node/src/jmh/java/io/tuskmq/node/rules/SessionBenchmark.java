package io.tuskmq.node.rules;

import io.tuskmq.storage.LogReader.Page;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.rules.LaneVector;
import io.tuskmq.storage.rules.LogId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/** The rules of live sessions: one message at a time, with all that the session is told of it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class SessionBenchmark {
    private static final long NOW_MILLIS = 1_790_000_000_000L;
    private static final int LANE = 1;
    private static final int PACKET_ID = 1;

    private final Message atMostOnce = Message.of("site/7/device/42/state", new byte[100], 0, false);
    private final Message atLeastOnce = Message.of("site/7/device/42/state", new byte[100], 1, false);
    private final List<Subscription> logged = List.of(subscription(7));
    private final List<Subscription> unlogged = List.of(subscription(0));
    private final Session stored = session(42, logged);
    private final Session clean = session(0, unlogged);
    private long logId = LogId.first(NOW_MILLIS, LANE);

    private static Subscription subscription(long filterId) {
        return new Subscription("site/+/device/+/state", "", 1, false, false, 0, 0, filterId, new LaneVector());
    }

    private static Session session(long sessionId, List<Subscription> subscriptions) {
        SessionStart start = new SessionStart(
                new LaneVector(),
                new byte[0],
                subscriptions,
                Map.of(),
                List.of(),
                sessionId != 0,
                sessionId == 0 ? -1 : sessionId,
                new SessionStart.Client(5, 1_000, 0));
        Session session = new Session(SessionLimits.DEFAULT, sessionId, start);
        answerRoutes(session, session.on(new Event.Started(NOW_MILLIS)));
        return session;
    }

    private static void answerRoutes(Session session, List<Effect> effects) {
        for (Effect effect : effects) {
            if (effect instanceof Effect.AwaitRoutes question) {
                session.on(new Event.RoutesApplied(question.number(), Event.RoutesApplied.Spread.EVERYWHERE));
            }
        }
    }

    @Setup
    public void goLive() {
        Page empty = new Page(List.of(), Long.MAX_VALUE, new LaneVector(), new LaneVector());
        answerRoutes(stored, stored.on(new Event.PageRead(empty, NOW_MILLIS)));
        if (!stored.isLive()) {
            throw new IllegalStateException("the session does not take forwards");
        }
    }

    /** QoS 1 to a stored session: a row of the log is forwarded, sent and acknowledged. */
    @Benchmark
    public void deliverAndAcknowledge(Blackhole effects) {
        List<Effect> sent = stored.on(new Event.Arrived(++logId, atLeastOnce, logged, NOW_MILLIS));
        effects.consume(sent);
        effects.consume(stored.on(new Event.PubAckReceived(packetId(sent), 0)));
    }

    private static int packetId(List<Effect> effects) {
        for (Effect effect : effects) {
            if (effect instanceof Effect.SendPublish publish) {
                return publish.packetId();
            }
        }
        throw new IllegalStateException("nothing was sent: " + effects);
    }

    /** QoS 0 to a session that is not stored. */
    @Benchmark
    public void deliverAtMostOnce(Blackhole effects) {
        effects.consume(clean.on(new Event.Arrived(0, atMostOnce, unlogged, NOW_MILLIS)));
    }

    /** QoS 1 from a client: to the router, and acknowledged after the commit. */
    @Benchmark
    public void publishAndCommit(Blackhole effects) {
        effects.consume(stored.on(new Event.PublishReceived(PACKET_ID, atLeastOnce)));
        effects.consume(stored.on(new Event.Committed(PACKET_ID, 1, true)));
    }
}
