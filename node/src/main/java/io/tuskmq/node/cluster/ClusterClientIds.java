package io.tuskmq.node.cluster;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.node.session.ClientIds;
import io.vertx.core.Future;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Client ids among all nodes: Hazelcast's map says whom to ask, that node lets go of its older connection. */
final class ClusterClientIds implements ClientIds {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterClientIds.class);
    /** How long a CONNECT waits for another node: then that node's writes are fenced. */
    private static final long LET_GO_MILLIS = 1_000;

    private final Cluster cluster;

    ClusterClientIds(Cluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public Future<Taken> take(String clientId) {
        return cluster.takeClientId(clientId)
                .compose(taken -> taken.at().isEmpty()
                        ? Future.succeededFuture(new Taken(taken.number(), Answer.LET_GO))
                        : letGo(taken.at().getAsLong(), clientId, taken.number())
                                .map(answer -> new Taken(taken.number(), answer)))
                .otherwise(failure -> {
                    LOG.debug("client={} is not known to other nodes: {}", clientId, failure.getMessage());
                    return new Taken(0, Answer.LET_GO);
                });
    }

    @Override
    public void leave(String clientId, long number) {
        cluster.leaveClientId(clientId, number);
    }

    @Override
    public Future<Answer> letGo(long incarnation, String clientId, long number) {
        // One whose number is not known has just come: it is the newest as far as anybody can tell.
        long newest = number == 0 ? Long.MAX_VALUE : number;
        return cluster.ask(incarnation, Frames.letGo(new Frames.LetGo(clientId, newest)), LET_GO_MILLIS)
                .map(answer -> answer.getByte(0) == 1 ? Answer.NEWER : Answer.LET_GO)
                .otherwise(failure -> {
                    LOG.info(
                            "client={} node {} does not let go of it: {}", clientId, incarnation, failure.getMessage());
                    return Answer.LET_GO;
                });
    }
}
