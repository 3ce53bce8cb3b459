package io.tuskmq.node.cluster;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.node.rules.Claimant;
import io.tuskmq.node.rules.IdClaims;
import io.tuskmq.node.rules.IdClaims.Claim;
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
import java.util.function.Function;
import java.util.function.LongConsumer;
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
    /** How long it waits for a heartbeat that says who is alive. */
    private static final long LOOK_MILLIS = 500;
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
    private final IdClaims<Promise<Void>> claims = new IdClaims<>();
    private final Set<Long> askingAgain = new HashSet<>();
    private final IdRounds rounds;

    private volatile IdHolders holders = IdHolders.NONE;
    private volatile @Nullable Joined joined;

    /** What it works with when this node has joined. */
    record Joined(Membership membership, PeerClients clients) {}

    ClusterClientIds(Vertx vertx, Cluster cluster) {
        this.vertx = vertx;
        this.cluster = cluster;
        rounds = new IdRounds(vertx, cluster, () -> holders.live());
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
    public Future<Taken> take(Claimant claimant, LongConsumer numbered) {
        if (mustNotTake()) {
            return Future.succeededFuture(new Taken(0, Answer.NO_LEASE, true));
        }
        return claiming(
                claimant.clientId(),
                claim -> cluster.takeClientId(claimant.clientId()).transform(taken -> {
                    if (taken.failed()) {
                        LOG.debug(
                                "client={} the map does not know of it: {}",
                                claimant.clientId(),
                                message(taken.cause()));
                        Question unseen = new Question(claimant, unknown.incrementAndGet());
                        numbered.accept(unseen.number());
                        return takeUnseen(claim, unseen);
                    }
                    Cluster.Taken mine = taken.result();
                    Question question = new Question(claimant, mine.number());
                    numbered.accept(mine.number());
                    return mine.whole() ? takeSeen(claim, question, said(mine)) : takeUnseen(claim, question);
                }));
    }

    /** Whom it asks is told to others from before they can find it in the map until it is decided; a claim in vain a while longer. */
    private Future<Taken> claiming(String clientId, Function<Claim, Future<Taken>> take) {
        Claim claim = locked(() -> claims.begin(clientId));
        return take.apply(claim).onComplete(taken -> {
            if (taken.succeeded() && taken.result().answer() == Answer.ANOTHERS) {
                vertx.setTimer(IN_VAIN_MILLIS, timer -> end(claim));
            } else {
                end(claim);
            }
        });
    }

    private void end(Claim claim) {
        free(locked(() -> claims.end(claim)));
    }

    private static void free(List<Promise<Void>> waiters) {
        waiters.forEach(Promise::tryComplete);
    }

    /** Others may have this node's clients: what it would write hides where they are. */
    private boolean mustNotTake() {
        Joined parts = joined;
        return parts != null && !holders.live().isEmpty() && !parts.membership().holdsLease();
    }

    private static Said said(Cluster.Taken taken) {
        return new Said.At(taken.at().isPresent() ? taken.at() : taken.ended());
    }

    private Future<Taken> takeSeen(Claim claim, Question question, Said said) {
        return look(said)
                .compose(looked -> ask(claim, question, said, Frames.below(question.claimant(), question.number())))
                .map(answer -> new Taken(question.number(), answer, true));
    }

    private Future<Taken> takeUnseen(Claim claim, Question question) {
        Said nothing = new Said.Nothing();
        IdDoubts.Word word = locked(() -> doubts.begin(question.clientId(), question.number()));
        // It has just come: it is the newest as far as anybody can tell.
        var frame = new Frames.LetGo(question.claimant(), Long.MAX_VALUE, word);
        return look(nothing)
                .compose(looked -> ask(claim, question, nothing, frame))
                .map(answer -> new Taken(question.number(), answer, false));
    }

    private Future<Answer> ask(Claim claim, Question question, Said said, Frames.LetGo frame) {
        return rounds.ask(toAsk(said, question.clientId()), question, frame, new IdRounds.Notes() {
            @Override
            public void asks(Set<Long> peers) {
                free(locked(() -> claims.asks(claim, question, peers)));
            }

            @Override
            public void unanswered(long peer) {
                change(() -> questions.add(peer, question));
            }
        });
    }

    @Override
    public Future<Taken> again(Claimant claimant, long number) {
        if (mustNotTake()) {
            return Future.succeededFuture(new Taken(number, Answer.LET_GO, false));
        }
        return claiming(
                claimant.clientId(),
                claim -> cluster.takeClientId(claimant.clientId())
                        .compose(mine -> {
                            change(() -> renumber(new Question(claimant, number), mine));
                            return mine.whole()
                                    ? takeSeen(claim, new Question(claimant, mine.number()), said(mine))
                                    : Future.succeededFuture(new Taken(mine.number(), Answer.LET_GO, false));
                        })
                        .otherwise(failure -> new Taken(number, Answer.LET_GO, false)));
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

    private static String message(Throwable failure) {
        return String.valueOf(failure.getMessage());
    }

    private Set<Long> unanswered(String clientId) {
        Set<Long> peers = questions.unanswered(clientId);
        peers.addAll(claims.asked(clientId));
        return peers;
    }

    @Override
    public void leave(Claimant claimant, long number) {
        Question question = new Question(claimant, number);
        boolean noted = locked(() -> {
            doubts.settle(claimant.clientId(), number);
            boolean asking = questions.ended(question);
            return !asking && !claims.isNeeded(question);
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

    /**
     * What a peer is to be told that asked to let go of the id here. Who takes the id here has written over the entry that named the one who had it: the peer
     * must hear of that one too, and waits until it is known.
     */
    Future<Frames.LetGoAnswer> answer(String clientId, Answer answer) {
        Promise<Void> known = Promise.promise();
        if (answer != Answer.LET_GO || !locked(() -> claims.await(known, clientId))) {
            known.complete();
        }
        return known.future().map(now -> new Frames.LetGoAnswer(answer, locked(() -> unanswered(clientId))));
    }

    @Override
    public Future<Answer> letGo(long incarnation, Claimant claimant, long number) {
        return rounds.askOnce(incarnation, Frames.below(claimant, number < 0 ? Long.MAX_VALUE : number))
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
            asked.add(rounds.askOnce(peer, Frames.below(question.claimant(), newest(question)))
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
