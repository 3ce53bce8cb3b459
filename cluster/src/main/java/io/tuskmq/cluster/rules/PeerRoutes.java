package io.tuskmq.cluster.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.ObjIntConsumer;

/**
 * A peer's side of another node's routes: decides what of its journal and snapshots is passed on, and whether the copy is right. The copy
 * itself is the reader's route tree; here are only the hashes and flags of what was passed on. Not thread-safe.
 *
 * <h2>Why a snapshot that is taken while routes change is enough</h2>
 *
 * The owner notes its sequence ({@code base}), reads its filters one by one, each with its flags of that moment, and notes the batch that
 * has all changes made until then ({@code verifiedFrom}). Entries are absolute, not differences. A filter that changed meanwhile has a
 * batch above the base, which is applied after the snapshot and has the last word; one that didn't change was read as it is. So after batch
 * {@code verifiedFrom} the copy is the owner's set, and from there on each digest must agree. Before it none has to.
 *
 * <h2>What is never lost</h2>
 *
 * Only what agrees with a digest is {@link #verified}, and only that is acknowledged. A snapshot's base is not below what was acknowledged,
 * so no route that the owner relies on is taken away by one.
 */
public final class PeerRoutes {
    /** What became of a batch, or of the owner's word. */
    public enum Verdict {
        /** The copy is the owner's set. */
        VERIFIED,
        /** Nothing is known to be wrong: batches are on their way, or it was an old one. */
        PENDING,
        /** Something is missing or wrong: a snapshot is needed. */
        BROKEN
    }

    private enum State {
        NEW,
        LOADING,
        FOLLOWING,
        BROKEN
    }

    private final RouteHash hash;
    /** What was passed on: what the reader has. */
    private RouteTable passed = new RouteTable();
    /** What the snapshot that is being loaded has so far; all of it is in {@link #passed} too. */
    private RouteTable fresh = new RouteTable();

    private State state = State.NEW;
    private long sequence;
    private long verifiedFrom;
    private boolean verified;
    /** The owner's word before, and how far the copy was then. */
    private long toldBefore;

    private long sequenceBefore;

    public PeerRoutes(RouteHash hash) {
        this.hash = hash;
    }

    /** A snapshot begins to arrive; another one that had begun is forgotten. */
    public void snapshotBegins(long base, long verifiableFrom) {
        fresh = new RouteTable();
        state = State.LOADING;
        sequence = base;
        verifiedFrom = verifiableFrom;
        verified = false;
        toldBefore = 0;
    }

    public void snapshotEntry(String filter, int flags, ObjIntConsumer<String> out) {
        long key = hash.of(filter);
        fresh.put(key, flags);
        pass(filter, key, flags, out);
    }

    /** The snapshot can't be had to its end. */
    public void snapshotBreaks() {
        state = State.BROKEN;
        fresh = new RouteTable();
    }

    /**
     * The snapshot is here: what the reader has and the snapshot has not is taken away.
     *
     * @param reader calls back with each filter that it has of this peer
     */
    public void snapshotEnds(Consumer<ObjIntConsumer<String>> reader, ObjIntConsumer<String> out) {
        if (passed.size() != fresh.size()) {
            List<String> stale = new ArrayList<>();
            reader.accept((filter, flags) -> {
                if (fresh.flags(hash.of(filter)) == 0) {
                    stale.add(filter);
                }
            });
            stale.forEach(filter -> out.accept(filter, 0));
        }
        passed = fresh;
        fresh = new RouteTable();
        state = State.FOLLOWING;
    }

    /** Passes the batch's changes on, if it is the next one; those after a gap too, but the copy stays broken. */
    public Verdict batch(RouteBatch batch, ObjIntConsumer<String> out) {
        if (state == State.NEW || state == State.LOADING || batch.sequence() <= sequence) {
            return state == State.BROKEN ? Verdict.BROKEN : Verdict.PENDING;
        }
        if (batch.sequence() != sequence + 1) {
            broken();
        }
        sequence = batch.sequence();
        for (RouteChange change : batch.changes()) {
            pass(change.filter(), hash.of(change.filter()), change.flags(), out);
        }
        return verify(batch.digest());
    }

    /**
     * The owner says where it is. When it is further on than this copy, and was so already when it said it last, and nothing came since, then
     * batches were lost.
     */
    public Verdict owner(long at, RouteDigest digest) {
        if (state == State.NEW || state == State.BROKEN) {
            return Verdict.BROKEN;
        }
        if (state == State.LOADING || at < sequence) {
            return Verdict.PENDING;
        }
        if (at == sequence) {
            return verify(digest);
        }
        boolean stuck = toldBefore > sequence && sequenceBefore == sequence;
        toldBefore = at;
        sequenceBefore = sequence;
        return stuck ? broken() : Verdict.PENDING;
    }

    /** The last batch after which the copy agreed with the owner's digest, as long as nothing is known to be wrong; else 0. */
    public long verified() {
        return verified ? sequence : 0;
    }

    /** Whether the copy has been found right since the last snapshot, and nothing wrong since. */
    public boolean isLoaded() {
        return verified;
    }

    /** How many filters were passed on. */
    public int size() {
        return passed.size();
    }

    private Verdict verify(RouteDigest digest) {
        if (state == State.BROKEN) {
            return Verdict.BROKEN;
        }
        if (sequence < verifiedFrom) {
            return Verdict.PENDING;
        }
        if (!passed.digest().equals(digest)) {
            return broken();
        }
        verified = true;
        return Verdict.VERIFIED;
    }

    private Verdict broken() {
        state = State.BROKEN;
        verified = false;
        return Verdict.BROKEN;
    }

    private void pass(String filter, long key, int flags, ObjIntConsumer<String> out) {
        if (passed.put(key, flags) != flags) {
            out.accept(filter, flags);
        }
    }
}
