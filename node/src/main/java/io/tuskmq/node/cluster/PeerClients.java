package io.tuskmq.node.cluster;

import io.tuskmq.node.rules.Claimant;
import io.tuskmq.node.session.ClientIds;
import io.vertx.core.Future;

/** Those who are connected here, as other nodes may ask for them; see {@code Directory}. */
public interface PeerClients {
    /** Ends the connection of the client id if it is older than the one with this number, which another node has, and may be ended by its user. */
    Future<ClientIds.Answer> letGo(Claimant newer, long number);

    /** All client ids must be asked for again: this node's lease was over, and its clients stayed. */
    void checkIds();

    /** Client ids must be taken again: Hazelcast was split. */
    void takeIdsAgain();
}
