package io.tuskmq.node.cluster;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.node.rules.Claimant;
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
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
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
    /** How long the nodes that were asked for an id in vain are told to others, who may have found it here meanwhile. */
    private static final long IN_VAIN_MILLIS = 5_000;
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
    /** Client ids that another user has, and the nodes that were asked for them. */
    private final Map<Question, Set<Long>> inVain = new HashMap<>();

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
    public Future<Taken> take(Claimant claimant) {
        if (mustNotTake()) {
            return Future.succeededFuture(new Taken(0, Answer.NO_LEASE, true));
        }
        return cluster.takeClientId(claimant.clientId()).transform(taken -> {
            if (taken.failed()) {
                LOG.debug("client={} the map does not know of it: {}", claimant.clientId(), message(taken.cause()));
                return takeUnseen(claimant, unknown.incrementAndGet());
            }
            Cluster.Taken mine = taken.result();
            return mine.whole() ? takeSeen(claimant, mine) : takeUnseen(claimant, mine.number());
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

    private Future<Taken> takeSeen(Claimant claimant, Cluster.Taken taken) {
        Said said = said(taken);
        Question question = new Question(claimant, taken.number());
        return look(said)
                .compose(looked ->
                        askAll(toAsk(said, claimant.clientId()), question, Frames.below(claimant, taken.number())))
                .map(answer -> new Taken(taken.number(), answer, true));
    }

    private Future<Taken> takeUnseen(Claimant claimant, long number) {
        Said nothing = new Said.Nothing();
        IdDoubts.Word word = locked(() -> doubts.begin(claimant.clientId(), number));
        // It has just come: it is the newest as far as anybody can tell.
        var frame = new Frames.LetGo(claimant, Long.MAX_VALUE, word);
        return look(nothing)
                .compose(looked -> askAll(toAsk(nothing, claimant.clientId()), new Question(claimant, number), frame))
                .map(answer -> new Taken(number, answer, false));
    }

    @Override
    public Future<Taken> again(Claimant claimant, long number) {
        if (mustNotTake()) {
            return Future.succeededFuture(new Taken(number, Answer.LET_GO, false));
        }
        return cluster.takeClientId(claimant.clientId())
                .compose(mine -> {
                    change(() -> renumber(new Question(claimant, number), mine));
                    return mine.whole()
                            ? takeSeen(claimant, mine)
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
            Set<Long> peers = new TreeSet<>(unanswered(clientId));
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
            if (answers.stream().anyMatch(answer -> answer.result().answer() == Answer.ANOTHERS)) {
                inVain(question, round.asked());
                return Future.succeededFuture(Answer.ANOTHERS);
            }
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

    /** The one who has the id notes it again; who took it meanwhile, and asks here, is told of those who were asked. */
    private void inVain(Question question, Set<Long> asked) {
        change(() -> inVain.put(question, Set.copyOf(asked)));
        vertx.setTimer(IN_VAIN_MILLIS, timer -> change(() -> inVain.remove(question)));
    }

    private Set<Long> unanswered(String clientId) {
        Set<Long> peers = questions.unanswered(clientId);
        inVain.forEach((question, asked) -> {
            if (question.clientId().equals(clientId)) {
                peers.addAll(asked);
            }
        });
        return peers;
    }

    @Override
    public void leave(Claimant claimant, long number) {
        Question question = new Question(claimant, number);
        boolean noted = locked(() -> {
            doubts.settle(claimant.clientId(), number);
            boolean asking = questions.ended(question);
            return !asking && !inVain.containsKey(question);
        });
        if (number > 0 && noted) {
            cluster.leaveClientId(claimant.clientId(), number);
        }
    }

    @Override
    public void keep(Claimant claimant, long taken, long number) {
        if (number > 0 && taken != Long.MAX_VALUE) { // else the map shows one of the two only
            cluster.keepClientId(claimant.clientId(), taken, number);
        }
    }

    /** What a peer that lets go of the id here is to be told. */
    Frames.LetGoAnswer answer(String clientId, Answer answer) {
        return new Frames.LetGoAnswer(answer, locked(() -> unanswered(clientId)));
    }

    @Override
    public Future<Answer> letGo(long incarnation, Claimant claimant, long number) {
        return ask(incarnation, Frames.below(claimant, number < 0 ? Long.MAX_VALUE : number))
                .map(Frames.LetGoAnswer::answer)
                .otherwise(failure -> {
                    LOG.info(
                            "client={} node {} does not let go of it: {}",
                            claimant.clientId(),
                            incarnation,
                            message(failure));
                    return Answer.LET_GO;
                });
    }

    @Override
    public void check(Claimant claimant, long number) {
        Question question = new Question(claimant, number);
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
        over.forEach(this::leave);
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
            asked.add(ask(peer, Frames.below(question.claimant(), newest(question)))
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
            leave(question);
        }
        Joined parts = joined;
        if ((answer == Answer.NEWER || answer == Answer.ANOTHERS) && parts != null) {
            parts.clients()
                    .letGo(question.claimant(), question.number() + 1)
                    .onFailure(
                            failure -> LOG.warn("client={} was not let go: {}", question.clientId(), message(failure)));
        }
    }

    private void leave(Question question) {
        cluster.leaveClientId(question.clientId(), question.number());
    }
}
