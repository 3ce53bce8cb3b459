package io.tuskmq.node.cluster;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.node.rules.IdDoubts;
import io.tuskmq.node.rules.IdHolders;
import io.tuskmq.node.rules.IdHolders.Said;
import io.tuskmq.node.rules.IdQuestions;
import io.tuskmq.node.rules.IdQuestions.Question;
import io.tuskmq.node.session.ClientIds;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Client ids among all nodes: Hazelcast's map says whom to ask, that node lets go of its older connection. Where the map can't be relied
 * on all are asked ({@link IdHolders}); who doesn't answer is asked again ({@link IdQuestions}).
 */
final class ClusterClientIds implements ClientIds {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterClientIds.class);
    /** How long a CONNECT waits for another node: then that node's writes are fenced. */
    private static final long LET_GO_MILLIS = 1_000;
    /** How long it waits for a heartbeat that says who is alive. */
    private static final long LOOK_MILLIS = 500;
    /** A peer whose link is down is asked again after this, while the CONNECT waits. */
    private static final long REASK_MILLIS = 100;
    /** Questions that a peer is asked again at the same time. */
    private static final int AGAIN_MAX = 64;

    private final Vertx vertx;
    private final Cluster cluster;
    /** Numbers of connections that the map doesn't show: below all others. */
    private final AtomicLong unknown = new AtomicLong(Long.MIN_VALUE);

    private final ReentrantLock lock = new ReentrantLock();
    private final IdDoubts doubts = new IdDoubts();
    private final IdQuestions questions = new IdQuestions();
    private final Set<Long> askingAgain = new HashSet<>();
    private volatile IdHolders holders = IdHolders.NONE;
    private volatile @Nullable Joined joined;

    /** What it works with when this node has joined. */
    record Joined(Membership membership, PeerClients clients) {}

    ClusterClientIds(Vertx vertx, Cluster cluster) {
        this.vertx = vertx;
        this.cluster = cluster;
    }

    void join(Joined parts) {
        joined = parts;
    }

    private <T> T locked(Supplier<T> step) {
        lock.lock();
        try {
            return step.get();
        } finally {
            lock.unlock();
        }
    }

    private void change(Runnable step) {
        lock.lock();
        try {
            step.run();
        } finally {
            lock.unlock();
        }
    }

    // --- connections of this node

    @Override
    public Future<Taken> take(String clientId) {
        if (mustNotTake()) {
            return Future.succeededFuture(new Taken(0, Answer.NO_LEASE, true));
        }
        return cluster.takeClientId(clientId).transform(taken -> {
            if (taken.failed()) {
                LOG.debug("client={} the map does not know of it: {}", clientId, message(taken.cause()));
                return takeUnseen(clientId, unknown.incrementAndGet());
            }
            Cluster.Taken mine = taken.result();
            return mine.whole() ? takeSeen(clientId, mine) : takeUnseen(clientId, mine.number());
        });
    }

    /** Others may have this node's clients: what it would write hides where they are. */
    private boolean mustNotTake() {
        Joined parts = joined;
        return parts != null && !holders.live().isEmpty() && !parts.membership().holdsLease();
    }

    private static Said said(Cluster.Taken taken) {
        return new Said.At(taken.at().isPresent() ? taken.at() : taken.ended());
    }

    private Future<Taken> takeSeen(String clientId, Cluster.Taken taken) {
        Said said = said(taken);
        Question question = new Question(clientId, taken.number());
        return look(said)
                .compose(looked -> askAll(toAsk(said, clientId), question, Frames.below(clientId, taken.number())))
                .map(answer -> new Taken(taken.number(), answer, true));
    }

    private Future<Taken> takeUnseen(String clientId, long number) {
        Said nothing = new Said.Nothing();
        IdDoubts.Word word = locked(() -> doubts.begin(clientId, number));
        // It has just come: it is the newest as far as anybody can tell.
        var frame = new Frames.LetGo(clientId, Long.MAX_VALUE, word);
        return look(nothing)
                .compose(looked -> askAll(toAsk(nothing, clientId), new Question(clientId, number), frame))
                .map(answer -> new Taken(number, answer, false));
    }

    @Override
    public Future<Taken> again(String clientId, long number) {
        if (mustNotTake()) {
            return Future.succeededFuture(new Taken(number, Answer.LET_GO, false));
        }
        return cluster.takeClientId(clientId)
                .compose(mine -> {
                    change(() -> renumber(new Question(clientId, number), mine));
                    return mine.whole()
                            ? takeSeen(clientId, mine)
                            : Future.succeededFuture(new Taken(mine.number(), Answer.LET_GO, false));
                })
                .otherwise(failure -> new Taken(number, Answer.LET_GO, false));
    }

    private void renumber(Question before, Cluster.Taken mine) {
        questions.renumbered(before, mine.number());
        if (!mine.whole()) {
            doubts.begin(before.clientId(), mine.number());
        }
        doubts.settle(before.clientId(), before.number());
    }

    private Set<Long> toAsk(Said said, String clientId) {
        return locked(() -> {
            Set<Long> peers = new TreeSet<>(questions.unanswered(clientId));
            peers.addAll(holders.toAsk(said, doubts.doubting()));
            peers.retainAll(holders.live());
            return peers;
        });
    }

    /** Waits for a heartbeat if the last one does not say enough, and not for ever. */
    private Future<Void> look(Said said) {
        Joined parts = joined;
        if (parts == null || !holders.mustLookFirst(said)) {
            return Future.succeededFuture();
        }
        Promise<Void> looked = Promise.promise();
        long timer = vertx.setTimer(LOOK_MILLIS, late -> looked.tryComplete());
        parts.membership().beatNow().onComplete(beat -> {
            vertx.cancelTimer(timer);
            looked.tryComplete();
        });
        return looked.future();
    }

    private Future<Answer> askAll(Set<Long> peers, Question question, Frames.LetGo frame) {
        if (peers.isEmpty()) {
            return Future.succeededFuture(Answer.LET_GO);
        }
        Promise<Void> late = Promise.promise();
        long timer = vertx.setTimer(LET_GO_MILLIS, now -> late.tryComplete());
        return askRound(new Round(late.future(), question, frame, new HashSet<>()), peers)
                .onComplete(done -> vertx.cancelTimer(timer));
    }

    /**
     * What all peers are asked that may have a client id.
     *
     * @param late when nobody is waited for any more
     * @param asked who was asked
     */
    private record Round(Future<Void> late, Question question, Frames.LetGo frame, Set<Long> asked) {}

    private Future<Answer> askRound(Round round, Set<Long> peers) {
        round.asked().addAll(peers);
        Question question = round.question();
        List<Future<Frames.LetGoAnswer>> answers = new ArrayList<>();
        for (long peer : peers) {
            Promise<Frames.LetGoAnswer> answer = Promise.promise();
            askUntil(round.late(), peer, round.frame(), answer);
            answers.add(answer.future().otherwise(failure -> {
                LOG.info("client={} node {} does not let go of it: {}", question.clientId(), peer, message(failure));
                change(() -> questions.add(peer, question));
                // Whom it asked in vain, nobody knows.
                return new Frames.LetGoAnswer(Answer.LET_GO, holders.live());
            }));
        }
        return Future.join(answers).compose(all -> {
            if (answers.stream().anyMatch(answer -> answer.result().answer() == Answer.NEWER)) {
                return Future.succeededFuture(Answer.NEWER);
            }
            // They were asked by a peer when the id was there, and have not answered yet.
            Set<Long> more = new TreeSet<>();
            answers.forEach(answer -> more.addAll(answer.result().unanswered()));
            more.retainAll(holders.live());
            more.removeAll(round.asked());
            return more.isEmpty() ? Future.succeededFuture(Answer.LET_GO) : askRound(round, more);
        });
    }

    /** A link that broke is there again soon: it is waited for as long as for an answer. */
    private void askUntil(Future<Void> late, long peer, Frames.LetGo frame, Promise<Frames.LetGoAnswer> answer) {
        ask(peer, frame).onComplete(answer::complete, failure -> {
            if (late.isComplete() || !holders.live().contains(peer)) {
                answer.fail(failure);
            } else {
                vertx.setTimer(REASK_MILLIS, timer -> askUntil(late, peer, frame, answer));
            }
        });
    }

    private Future<Frames.LetGoAnswer> ask(long peer, Frames.LetGo frame) {
        return cluster.ask(peer, Frames.letGo(frame), LET_GO_MILLIS).map(Frames::letGoAnswer);
    }

    private static String message(Throwable failure) {
        return String.valueOf(failure.getMessage());
    }

    @Override
    public void leave(String clientId, long number) {
        boolean asking = locked(() -> {
            doubts.settle(clientId, number);
            return questions.ended(new Question(clientId, number));
        });
        if (number > 0 && !asking) {
            cluster.leaveClientId(clientId, number);
        }
    }

    /** What a peer that lets go of the id here is to be told. */
    Frames.LetGoAnswer answer(String clientId, Answer answer) {
        return new Frames.LetGoAnswer(answer, locked(() -> questions.unanswered(clientId)));
    }

    @Override
    public Future<Answer> letGo(long incarnation, String clientId, long number) {
        return ask(incarnation, Frames.below(clientId, number < 0 ? Long.MAX_VALUE : number))
                .map(Frames.LetGoAnswer::answer)
                .otherwise(failure -> {
                    LOG.info("client={} node {} does not let go of it: {}", clientId, incarnation, message(failure));
                    return Answer.LET_GO;
                });
    }

    @Override
    public void check(String clientId, long number) {
        Question question = new Question(clientId, number);
        change(() -> holders.live().forEach(peer -> questions.add(peer, question)));
    }

    // --- what others say

    /** What this node says of its own connections now and then. */
    IdDoubts.Word word() {
        return locked(doubts::word);
    }

    void said(long peer, IdDoubts.Word word) {
        change(() -> doubts.said(peer, word));
    }

    /** The last heartbeat found these others alive. */
    void heartbeat(Set<Long> live) {
        IdHolders now = holders.heartbeat(live);
        holders = now;
        Set<Long> kept = new HashSet<>(now.live());
        kept.addAll(now.wavering());
        List<Question> over = locked(() -> {
            doubts.retain(kept);
            return questions.retain(kept);
        });
        over.forEach(question -> cluster.leaveClientId(question.clientId(), question.number()));
        now.live().forEach(this::askAgain);
    }

    /** This node's lease may have been over, and its connections stood (I11): others may have taken their ids. */
    void lapsed() {
        Joined parts = joined;
        if (parts != null) {
            parts.clients().checkIds();
            holders.live().forEach(this::askAgain);
        }
    }

    /** Asks what the peer has not answered, some at a time. */
    void askAgain(long peer) {
        boolean mine = locked(() -> !questions.next(peer, 1).isEmpty() && askingAgain.add(peer));
        if (mine) {
            askSome(peer);
        }
    }

    private void askSome(long peer) {
        List<Question> some = locked(() -> questions.next(peer, AGAIN_MAX));
        List<Future<Void>> asked = new ArrayList<>();
        for (Question question : some) {
            asked.add(ask(peer, Frames.below(question.clientId(), newest(question)))
                    .map(answer -> {
                        settle(peer, question, answer.answer());
                        return null;
                    }));
        }
        Future.join(asked).onComplete(done -> {
            if (done.succeeded() && some.size() == AGAIN_MAX) {
                askSome(peer);
            } else {
                change(() -> askingAgain.remove(peer));
            }
        });
    }

    private static long newest(Question question) {
        return question.number() < 0 ? Long.MAX_VALUE : question.number();
    }

    private void settle(long peer, Question question, Answer answer) {
        if (locked(() -> questions.answered(peer, question))) {
            cluster.leaveClientId(question.clientId(), question.number());
        }
        Joined parts = joined;
        if (answer == Answer.NEWER && parts != null) {
            parts.clients()
                    .letGo(question.clientId(), question.number() + 1)
                    .onFailure(
                            failure -> LOG.warn("client={} was not let go: {}", question.clientId(), message(failure)));
        }
    }
}
