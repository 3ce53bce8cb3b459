package io.tuskmq.node.session;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.storage.Sessions;
import io.vertx.core.Future;

/** The epoch in which a group deals: its checkpoints and its new claims, one after the other. Lives on the group's shard. */
final class GroupEpoch {
    private final GroupOpening opening;
    private final Sessions sessions;
    private final long sessionId;

    /** Of the last claim; set when it is answered, on any thread, before checkpoints go on. */
    private volatile long epoch;
    /** No checkpoint is written while the group is claimed anew. */
    private Future<?> claiming = Future.succeededFuture();

    private Future<?> checkpointing = Future.succeededFuture();

    GroupEpoch(GroupOpening opening, Sessions sessions, GroupRunner.Identity identity) {
        this.opening = opening;
        this.sessions = sessions;
        this.sessionId = identity.sessionId();
        this.epoch = identity.epoch();
    }

    long now() {
        return epoch;
    }

    boolean isBeingClaimed() {
        return !claiming.isComplete();
    }

    /** Claims the group anew, when no checkpoint is on its way. */
    Future<GroupOpening.Fenced> claim() {
        Future<GroupOpening.Fenced> fenced = checkpointing
                .transform(written -> opening.fence(sessionId))
                .map(now -> {
                    epoch = now.epoch();
                    return now;
                });
        claiming = fenced;
        return fenced;
    }

    /** Completes with whether the group is still this node's. */
    Future<Boolean> write(Effect.Checkpoint effect) {
        Future<Boolean> ours = claiming.transform(claimed -> sessions.checkpoint(row(effect), effect.durable()));
        checkpointing = ours;
        return ours;
    }

    /** What is to be stored last. The epoch is read when all is settled: a claim may be on its way. */
    Future<Sessions.Checkpoint> last(Effect.Checkpoint effect) {
        return claiming.transform(claimed -> checkpointing).transform(older -> Future.succeededFuture(row(effect)));
    }

    private Sessions.Checkpoint row(Effect.Checkpoint effect) {
        return new Sessions.Checkpoint(sessionId, epoch, effect.number(), effect.cursor(), effect.inflight());
    }
}
