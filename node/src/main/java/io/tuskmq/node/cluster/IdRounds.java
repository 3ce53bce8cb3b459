package io.tuskmq.node.cluster;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.node.rules.IdQuestions.Question;
import io.tuskmq.node.session.ClientIds.Answer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks other nodes to let go of a client id, then those whom they name, until all have answered or can't be waited for. */
final class IdRounds {
    private static final Logger LOG = LoggerFactory.getLogger(IdRounds.class);
    /** How long a CONNECT waits for another node: then that node's writes are fenced. */
    private static final long LET_GO_MILLIS = 1_000;
    /** A peer whose link is down is asked again after this, while the CONNECT waits. */
    private static final long REASK_MILLIS = 100;

    private final Vertx vertx;
    private final Cluster cluster;
    private final Supplier<Set<Long>> live;

    /** What is noted of a round. */
    interface Notes {
        /** These are about to be asked. */
        void asks(Set<Long> peers);

        /** The peer did not answer in time. */
        void unanswered(long peer);
    }

    /**
     * What all peers are asked that may have a client id.
     *
     * @param late when nobody is waited for any more
     * @param asked who was asked
     */
    private record Round(Future<Void> late, Question question, Frames.LetGo frame, Set<Long> asked, Notes notes) {}

    IdRounds(Vertx vertx, Cluster cluster, Supplier<Set<Long>> live) {
        this.vertx = vertx;
        this.cluster = cluster;
        this.live = live;
    }

    Future<Answer> ask(Set<Long> peers, Question question, Frames.LetGo frame, Notes notes) {
        if (peers.isEmpty()) {
            notes.asks(peers);
            return Future.succeededFuture(Answer.LET_GO);
        }
        Promise<Void> late = Promise.promise();
        long timer = vertx.setTimer(LET_GO_MILLIS, now -> late.tryComplete());
        return ask(new Round(late.future(), question, frame, new HashSet<>(), notes), peers)
                .onComplete(done -> vertx.cancelTimer(timer));
    }

    private Future<Answer> ask(Round round, Set<Long> peers) {
        round.asked().addAll(peers);
        round.notes().asks(peers);
        List<Future<Frames.LetGoAnswer>> answers = new ArrayList<>();
        for (long peer : peers) {
            Promise<Frames.LetGoAnswer> answer = Promise.promise();
            askUntil(round.late(), peer, round.frame(), answer);
            answers.add(answer.future().otherwise(failure -> {
                LOG.info(
                        "client={} node {} does not let go of it: {}",
                        round.question().clientId(),
                        peer,
                        failure.getMessage());
                round.notes().unanswered(peer);
                // Whom it asked in vain, nobody knows.
                return new Frames.LetGoAnswer(Answer.LET_GO, live.get());
            }));
        }
        return Future.join(answers).compose(all -> {
            if (answers.stream().anyMatch(answer -> answer.result().answer() == Answer.ANOTHERS)) {
                return Future.succeededFuture(Answer.ANOTHERS);
            }
            if (answers.stream().anyMatch(answer -> answer.result().answer() == Answer.NEWER)) {
                return Future.succeededFuture(Answer.NEWER);
            }
            // They ask others for the id, or were asked by a peer when it was there, and have not answered yet.
            Set<Long> more = new TreeSet<>();
            answers.forEach(answer -> more.addAll(answer.result().unanswered()));
            more.retainAll(live.get());
            more.removeAll(round.asked());
            return more.isEmpty() ? Future.succeededFuture(Answer.LET_GO) : ask(round, more);
        });
    }

    /** A link that broke is there again soon: it is waited for as long as for an answer. */
    private void askUntil(Future<Void> late, long peer, Frames.LetGo frame, Promise<Frames.LetGoAnswer> answer) {
        askOnce(peer, frame).onComplete(answer::complete, failure -> {
            if (late.isComplete() || !live.get().contains(peer)) {
                answer.fail(failure);
            } else {
                vertx.setTimer(REASK_MILLIS, timer -> askUntil(late, peer, frame, answer));
            }
        });
    }

    Future<Frames.LetGoAnswer> askOnce(long peer, Frames.LetGo frame) {
        return cluster.ask(peer, Frames.letGo(frame), LET_GO_MILLIS).map(Frames::letGoAnswer);
    }
}
