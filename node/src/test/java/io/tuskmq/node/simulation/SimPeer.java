package io.tuskmq.node.simulation;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.Peer;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Another live node, as one node sees it: the link to it, dialled again and again, and its routes. */
final class SimPeer {
    private static final long REDIAL_MILLIS = 200;
    private static final int REFUSALS = 3;

    final Peer peer;
    final int slot;
    final SimFollower routes;
    private final SimCluster own;
    private final SimProcess process;
    private final Schedule schedule;
    private final Set<Promise<Buffer>> asked = new LinkedHashSet<>();
    private @Nullable SimStream stream;
    private int refusals;
    private boolean heard;
    private boolean gone;

    SimPeer(SimCluster own, Peer peer, int slot, SimBroker.Around around) {
        this.own = own;
        this.peer = peer;
        this.slot = slot;
        this.process = around.process();
        this.schedule = around.schedule();
        this.routes = new SimFollower(own, this, around);
    }

    boolean isLinked() {
        return stream != null;
    }

    boolean isGone() {
        return gone;
    }

    boolean isComplete() {
        return stream != null && heard && routes.isLoaded();
    }

    private Cluster.Listener listener() {
        return own.listener();
    }

    // --- our stream to it

    void dial() {
        if (gone || stream != null) {
            return;
        }
        SimCluster target = own.network().node(peer.incarnation());
        if (target == null) {
            refused();
        } else if (target.isStopped()
                || own.network().isCut(own.machine(), target.machine())
                || own.network().isCut(target.machine(), own.machine())) {
            refusals = 0;
            process.after(REDIAL_MILLIS + schedule.below(300), this::dial);
        } else {
            connected(new SimStream(schedule, own, target));
        }
    }

    private void refused() {
        if (++refusals % REFUSALS == 0) {
            listener().unlinked(slot, peer, true);
        }
        process.after(REDIAL_MILLIS, this::dial);
    }

    private void connected(SimStream made) {
        refusals = 0;
        stream = made;
        made.to.heard(made);
        listener().linked(slot, peer);
        routes.linked(true);
    }

    /** This end has seen that the stream is broken. */
    void broke(SimStream which) {
        if (stream != which || gone) {
            return;
        }
        stream = null;
        listener().unlinked(slot, peer, false);
        routes.linked(false);
        List.copyOf(asked).forEach(promise -> promise.tryFail("the link is down"));
        process.after(REDIAL_MILLIS / 2, this::dial);
    }

    @Nullable
    SimStream stream() {
        return stream;
    }

    /** Does something at the other end, in the order of what was told; false when it is not linked. */
    boolean tell(java.util.function.Consumer<SimCluster> there) {
        SimStream over = stream;
        if (over == null) {
            return false;
        }
        over.there(() -> over.to.receive(() -> there.accept(over.to)));
        return true;
    }

    /** Asks the other end; {@code there} is given what the answer is to be put in. */
    void ask(Promise<Buffer> answer, long millis, java.util.function.BiConsumer<SimCluster, Promise<Buffer>> there) {
        SimStream over = stream;
        if (over == null) {
            answer.tryFail("not linked");
            return;
        }
        asked.add(answer);
        answer.future().onComplete(done -> asked.remove(answer));
        process.after(millis, () -> answer.tryFail("no answer"));
        Promise<Buffer> theirs = Promise.promise();
        theirs.future()
                .onComplete(
                        value -> over.back(() -> own.receive(() -> answer.tryComplete(value))),
                        failure -> over.back(() -> own.receive(() -> answer.tryFail(failure))));
        over.there(() -> over.to.receive(() -> there.accept(over.to, theirs)));
    }

    // --- its stream to us

    void heard(boolean now) {
        if (gone || heard == now) {
            return;
        }
        heard = now;
        if (now) {
            listener().heard(peer);
        } else {
            listener().silent(peer);
        }
    }

    void letGo() {
        SimStream over = stream;
        if (over != null) {
            over.lose();
            over.to.lost(over);
        }
        stream = null;
        routes.close();
        listener().gone(slot, peer);
        gone = true;
        List.copyOf(asked).forEach(promise -> promise.tryFail("the node was let go"));
    }
}
