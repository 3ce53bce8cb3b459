package io.tuskmq.node.rules;

import io.tuskmq.node.rules.Event.RoutesApplied.Spread;
import io.tuskmq.storage.LogReader.Logged;
import io.tuskmq.storage.LogReader.Page;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.rules.LaneVector;
import io.tuskmq.storage.rules.LogId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Sessions and events for tests, in few words. */
final class SessionFixture {
    static final long NOW = 1_790_000_000_000L;
    static final long FILTER = 7;
    static final long SESSION = 42;

    private SessionFixture() {}

    /** Builds what a session starts with. */
    static final class Starting {
        private int version = 5;
        private int receiveMax = 65_535;
        private long maximumPacketSize;
        private LaneVector cursor = vector(id(1, 0));
        private byte[] inflight = {};
        private List<Subscription> subscriptions = List.of();
        private List<Integer> receipts = List.of();
        private SessionLimits limits = SessionLimits.DEFAULT;

        Starting version(int version) {
            this.version = version;
            return this;
        }

        Starting receiveMax(int receiveMax) {
            this.receiveMax = receiveMax;
            return this;
        }

        Starting maximumPacketSize(long bytes) {
            this.maximumPacketSize = bytes;
            return this;
        }

        Starting subscribed(Subscription... subscriptions) {
            this.subscriptions = List.of(subscriptions);
            return this;
        }

        Starting cursor(LaneVector cursor) {
            this.cursor = cursor;
            return this;
        }

        Starting receipts(Integer... packetIds) {
            this.receipts = List.of(packetIds);
            return this;
        }

        Starting limits(SessionLimits limits) {
            this.limits = limits;
            return this;
        }

        /** What another session left. */
        Starting after(Session session) {
            Effect.Checkpoint c = session.checkpointNow();
            cursor = new LaneVector(c.cursor());
            inflight = c.inflight();
            subscriptions = session.subscriptions();
            return this;
        }

        /** What another session's checkpoint holds. */
        Starting after(Session session, Effect.Checkpoint c) {
            after(session);
            cursor = new LaneVector(c.cursor());
            inflight = c.inflight();
            return this;
        }

        /** A session that has not started. */
        Session session(long sessionId) {
            var client = new SessionStart.Client(version, receiveMax, maximumPacketSize);
            return new Session(
                    limits,
                    sessionId,
                    new SessionStart(
                            cursor,
                            inflight,
                            subscriptions,
                            Map.of(),
                            receipts,
                            sessionId != 0,
                            publisherId(sessionId),
                            client));
        }

        /** A stored session that has read the log to its end. */
        Session live() {
            Session session = session(SESSION);
            on(session, new Event.Started(NOW));
            if (!session.isLive()) {
                on(session, emptyPage());
            }
            return session;
        }

        /** A session that is not stored, started. */
        Session clean() {
            Session session = session(0);
            on(session, new Event.Started(NOW));
            return session;
        }
    }

    static long publisherId(long sessionId) {
        return sessionId == 0 ? -1 : sessionId;
    }

    static Starting starting() {
        return new Starting();
    }

    /** A small version of the limits. */
    static SessionLimits small(int inflightMax, int liveQueueMax) {
        return new SessionLimits(3, inflightMax, 4, 1 << 20, liveQueueMax, 1 << 20, 8, 256 << 10, 2, 4, 300_000);
    }

    static long id(int lane, int number) {
        return LogId.first(NOW, lane) + number;
    }

    static LaneVector vector(long... ids) {
        return new LaneVector(ids);
    }

    static Subscription logged(String filter, int qos) {
        return subscription(filter, qos, FILTER);
    }

    static Subscription subscription(String filter, int qos, long filterId) {
        return new Subscription(filter, "", qos, false, false, 0, 0, filterId, new LaneVector());
    }

    static Message message(String topic, int qos) {
        return Message.of(topic, topic.getBytes(StandardCharsets.UTF_8), qos, false);
    }

    static Event.Arrived arrived(long logId, Message message, Subscription... matching) {
        return new Event.Arrived(logId, message, List.of(matching), NOW);
    }

    static Event.PageRead emptyPage() {
        return page(Long.MAX_VALUE, vector(id(1, 0)));
    }

    static Event.PageRead page(long throughId, LaneVector heads, Logged... rows) {
        return new Event.PageRead(new Page(List.of(rows), throughId, heads, heads), NOW);
    }

    static Logged row(long id, Message message) {
        return new Logged(id, new long[] {FILTER}, message);
    }

    static Event.CheckpointDone done(Effect.Checkpoint checkpoint) {
        return new Event.CheckpointDone(checkpoint.number(), true, NOW);
    }

    static <T extends Effect> List<T> of(Class<T> type, List<Effect> effects) {
        List<T> found = new ArrayList<>();
        for (Effect e : effects) {
            if (type.isInstance(e)) {
                found.add(type.cast(e));
            }
        }
        return found;
    }

    /** The one effect of its type. */
    static <T extends Effect> T one(Class<T> type, List<Effect> effects) {
        List<T> found = of(type, effects);
        if (found.size() != 1) {
            throw new AssertionError("one " + type.getSimpleName() + " expected: " + effects);
        }
        return found.getFirst();
    }

    static List<Effect.ToClient> toClient(List<Effect> effects) {
        return of(Effect.ToClient.class, effects);
    }

    /** What follows on a node that is alone, where routes are everywhere at once: after all else that follows from the event. */
    static List<Effect> on(Session session, Event event) {
        List<Effect> effects = new ArrayList<>();
        List<Effect.AwaitRoutes> questions = new ArrayList<>(0);
        for (Effect effect : session.on(event)) {
            if (effect instanceof Effect.AwaitRoutes question) {
                questions.add(question);
            } else {
                effects.add(effect);
            }
        }
        for (Effect.AwaitRoutes question : questions) {
            effects.addAll(on(session, new Event.RoutesApplied(question.number(), Spread.EVERYWHERE)));
        }
        return effects;
    }
}
