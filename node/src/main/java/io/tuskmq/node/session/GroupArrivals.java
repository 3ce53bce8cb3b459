package io.tuskmq.node.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * The joins of other nodes' members that are on their way to their group's shard: what is said of such a member meanwhile waits until it is there.
 * Said to nobody, that a member has gone would leave its group dealing to it. May be called from any thread.
 */
final class GroupArrivals {
    /** A member's joins that are not there yet, and what was said after them: a few frames of one connection's end. */
    private static final class Arrival {
        private int joins;
        private final List<GroupFrame> later = new ArrayList<>(2);
    }

    private final Map<RemoteMember.Key, Arrival> arrivals = new ConcurrentHashMap<>();

    void begins(RemoteMember.Key member) {
        arrivals.compute(member, (key, before) -> {
            Arrival arrival = before == null ? new Arrival() : before;
            arrival.joins++;
            return arrival;
        });
    }

    /** Whether the frame waits, since its member is not there yet. */
    boolean holds(RemoteMember.Key member, GroupFrame frame) {
        return arrivals.computeIfPresent(member, (key, arrival) -> {
                    arrival.later.add(frame);
                    return arrival;
                })
                != null;
    }

    /** Nothing more comes over the link to the node. */
    void lost(long node) {
        for (RemoteMember.Key member : arrivals.keySet()) {
            if (member.node() == node) {
                holds(member, new GroupFrame.Parting(member.join(), GroupFrame.Parting.How.LOST));
            }
        }
    }

    /**
     * The member is there.
     *
     * @param say hears what waited, before anything that is said from now on; it must only post
     */
    void ends(RemoteMember.Key member, Consumer<GroupFrame> say) {
        arrivals.computeIfPresent(member, (key, arrival) -> {
            if (--arrival.joins > 0) {
                return arrival;
            }
            arrival.later.forEach(say);
            return null;
        });
    }
}
