package io.tuskmq.node.session;

import io.vertx.core.Future;

/** The other nodes, as groups see them. Called from any thread. */
public interface GroupPeers {
    /** The node that coordinates the group, by all that is known; it is this one if there is none. A hint. */
    Future<Long> coordinator(String group);

    /** The same; 0 when nothing is known. */
    default Future<Long> hint(String group) {
        return coordinator(group).otherwise(0L);
    }

    /** This node coordinates the group no longer. */
    void leaveGroup(String group);

    /** Whether we hear the node and it hears us. */
    boolean isReachable(long incarnation);

    /** Completes with 0 when the member takes part there, else with the node that coordinates the group. */
    Future<Long> join(long incarnation, GroupFrame.Join join);

    /** Sends a message to a member, unless the node is not reachable or too much waits for it. */
    boolean deal(long incarnation, GroupFrame.Dealt dealt);

    /** Says it after all that was said before. It is lost only if the link is. */
    void tell(long incarnation, GroupFrame frame);
}
