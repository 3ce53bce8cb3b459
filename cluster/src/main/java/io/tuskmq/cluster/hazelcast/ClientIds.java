package io.tuskmq.cluster.hazelcast;

import com.hazelcast.cluster.Cluster;
import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.IMap;
import io.tuskmq.cluster.Cluster.Taken;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where client ids are and who coordinates groups: two maps of Hazelcast. All that is in them are hints. */
final class ClientIds {
    static final String CLIENTS = "tuskmq-clients";
    static final String GROUPS = "tuskmq-groups";

    private static final Logger LOG = LoggerFactory.getLogger(ClientIds.class);
    static final long ANSWER_MILLIS = 500;

    private final long self;
    private final Peers peers;
    private final Cluster members;
    private final long answerMillis;
    /** A client id → its number and the incarnation that has it. */
    private final IMap<String, long[]> clients;

    private final IMap<String, Long> groups;

    ClientIds(HazelcastInstance hazelcast, long self, Peers peers, long answerMillis) {
        this.self = self;
        this.peers = peers;
        this.answerMillis = answerMillis;
        members = hazelcast.getCluster();
        clients = hazelcast.getMap(CLIENTS);
        groups = hazelcast.getMap(GROUPS);
    }

    Future<Taken> take(String clientId) {
        // An id that was given back begins above what it had, as far as the nodes' clocks agree: they count
        // microseconds.
        long micros = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
        EntryProcessor<String, long[], long[]> take = new MapChange.Take(self, micros);
        Promise<long[]> promise = Answers.promise();
        return Answers.within(promise, answerMillis, () -> clients.submitToKey(clientId, take))
                .map(answer -> {
                    OptionalLong other =
                            answer.length > 1 && answer[1] != self ? OptionalLong.of(answer[1]) : OptionalLong.empty();
                    boolean live = other.isPresent() && peers.isLive(other.getAsLong());
                    return new Taken(
                            answer[0],
                            live ? other : OptionalLong.empty(),
                            live ? OptionalLong.empty() : other,
                            isWhole());
                });
    }

    /** A live node that is no member, because Hazelcast is split or it has not joined yet, has a map of its own. */
    private boolean isWhole() {
        Set<Long> missing = new HashSet<>(peers.incarnations());
        for (Member member : members.getMembers()) {
            String incarnation = member.getAttribute(MemberConfig.INCARNATION);
            if (incarnation != null) {
                missing.remove(Long.valueOf(incarnation));
            }
        }
        return missing.isEmpty();
    }

    void leave(String clientId, long number) {
        Answers.within(answerMillis, () -> clients.submitToKey(clientId, new MapChange.Leave(number)))
                .onFailure(e -> LOG.debug("event=client.leave.failed reason={}", e.toString()));
    }

    void keep(String clientId, long taken, long number) {
        Answers.within(answerMillis, () -> clients.submitToKey(clientId, new MapChange.Keep(taken, number, self)))
                .onFailure(e -> LOG.debug("event=client.keep.failed reason={}", e.toString()));
    }

    Future<Long> coordinator(String group, Collection<Long> live) {
        long[] others = live.stream().mapToLong(Long::longValue).toArray();
        Promise<Long> promise = Answers.promise();
        return Answers.within(
                promise, answerMillis, () -> groups.submitToKey(group, new MapChange.Coordinate(self, others)));
    }

    void leaveGroup(String group) {
        Answers.within(answerMillis, () -> groups.submitToKey(group, new MapChange.LeaveGroup(self)))
                .onFailure(e -> LOG.debug("event=group.leave.failed reason={}", e.toString()));
    }

    /** Removes what a node that is gone has left, which looks at every entry; blocks. */
    void forget(long incarnation) {
        clients.executeOnEntries(new MapChange.Forget(incarnation));
    }
}
