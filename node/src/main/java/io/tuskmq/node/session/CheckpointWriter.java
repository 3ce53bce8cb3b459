package io.tuskmq.node.session;

import io.tuskmq.node.rules.Deal;
import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.Session;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Sessions.Taken;
import io.tuskmq.storage.StorageException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes the checkpoints of one session, and the last one when its connection has ended. Lives on the session's shard. */
final class CheckpointWriter {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointWriter.class);
    private static final long RETRY_MILLIS = 200;

    private final SessionRunner runner;
    private final Session session;
    private final Sessions sessions;
    private final Groups groups;
    private Future<?> writing = Future.succeededFuture();
    /** Of the last checkpoint with takes: the event that answers it. Null when the session has had it. */
    private @Nullable Future<Event> taking;

    CheckpointWriter(SessionRunner runner, Session session, Broker broker) {
        this.runner = runner;
        this.session = session;
        this.sessions = broker.store().sessions();
        this.groups = broker.groups();
    }

    private Sessions.Checkpoint row(Effect.Checkpoint effect) {
        SessionRunner.Identity identity = runner.identity();
        return new Sessions.Checkpoint(
                identity.sessionId(), identity.epoch(), effect.number(), effect.cursor(), effect.inflight());
    }

    void write(Effect.Checkpoint effect) {
        if (!effect.takes().isEmpty()) {
            take(effect);
            return;
        }
        Sessions.Checkpoint checkpoint = row(effect);
        runner.ask(
                () -> {
                    Future<Boolean> held = sessions.checkpoint(checkpoint, effect.durable());
                    writing = held;
                    return held;
                },
                held -> runner.on(done(effect, held)));
    }

    private Event done(Effect.Checkpoint effect, boolean held) {
        return new Event.CheckpointDone(effect.number(), held, runner.shard().nowMillis());
    }

    /** Repeated until it is answered, also after the end: the last checkpoint, and the groups, must know what was taken. */
    private void take(Effect.Checkpoint effect) {
        Promise<Event> answered = Promise.promise();
        taking = answered.future();
        writing = answered.future();
        runner.asked();
        take(effect, row(effect), answered);
        answered.future()
                .onComplete(
                        event -> runner.shard().post(() -> {
                            runner.answered();
                            if (!runner.isEnded()) {
                                taking = null;
                                runner.on(event);
                            }
                        }),
                        failure -> runner.shard().post(() -> {
                            runner.answered();
                            runner.failedForGood(failure);
                        }));
    }

    private void take(Effect.Checkpoint effect, Sessions.Checkpoint checkpoint, Promise<Event> answered) {
        sessions.checkpoint(checkpoint, effect.takes())
                .onComplete(
                        outcome -> answered.complete(
                                outcome == Taken.REFUSED
                                        ? new Event.TakesRefused(
                                                effect.number(), runner.shard().nowMillis())
                                        : done(effect, outcome == Taken.HELD)),
                        failure -> {
                            if (failure instanceof StorageException storage && storage.isPassing()) {
                                runner.shard()
                                        .context()
                                        .owner()
                                        .setTimer(RETRY_MILLIS, timer -> take(effect, checkpoint, answered));
                            } else {
                                answered.fail(failure);
                            }
                        });
    }

    /** Completes with what is to be stored last, when no older checkpoint is on its way; the groups are told what they have to know of it. */
    Future<Sessions.Checkpoint> end(Set<String> joinedGroups) {
        Future<Event> open = taking;
        if (open == null) {
            groups.finished(runner, joinedGroups);
            Sessions.Checkpoint last = row(session.checkpointNow());
            return writing.transform(older -> Future.succeededFuture(last));
        }
        Promise<Sessions.Checkpoint> last = Promise.promise();
        open.onComplete(answer -> runner.shard().post(() -> {
            if (answer.succeeded()) {
                answeredAtEnd(answer.result());
                groups.finished(runner, joinedGroups);
                last.complete(row(session.checkpointNow()));
            } else {
                LOG.error(
                        "client={} it is not known what it took from groups",
                        runner.identity().clientId());
                groups.lost(runner, joinedGroups);
                last.fail(answer.cause()); // the store keeps what it has
            }
        }));
        return last.future();
    }

    /** The answer came after the end: only groups can still be told what follows from it. */
    private void answeredAtEnd(Event answer) {
        for (Effect effect : session.on(answer)) {
            if (effect instanceof Effect.DealTaken(Deal deal)) {
                ((HeldDeal) deal).taken();
            }
        }
    }
}
