package io.tuskmq.node.process.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.process.CrashClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A shared subscription with members on three nodes: each message goes to one of them, whoever coordinates, leaves or dies. */
@ExtendWith(SharedCluster.class)
class SharedSubscriptionAcrossNodesTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int PUBLISHERS = 3;

    private final GroupLedger ledger = new GroupLedger();
    private final List<GroupMember> members = new ArrayList<>();
    private @Nullable Fleet publishing;
    private String filter = "";

    /** A member on each node, and publishers whose messages are for the group only. */
    private Fleet start(ClusterProcesses cluster) throws InterruptedException {
        String root = cluster.newRoot();
        filter = "$share/" + root + "/" + root + "/#";
        for (ClusterNode node : cluster.nodes()) {
            CrashClient.Entrance home =
                    () -> node.isRunning() ? node.open() : cluster.entrance().open();
            members.add(GroupMember.of(root + "-member-" + node.name(), home, filter, ledger));
        }
        members.forEach(CrashClient::start);
        for (GroupMember member : members) {
            assertTrue(member.subscribed().await(SOON.toSeconds(), TimeUnit.SECONDS));
        }
        Fleet started = Fleet.start(root, cluster.entrance(), PUBLISHERS, 0);
        publishing = started;
        members.forEach(started::add);
        return started;
    }

    @AfterEach
    void end() {
        if (publishing != null) {
            publishing.close();
        }
    }

    /** All that was acknowledged is taken, and of QoS 2 nothing twice. */
    private void finish(Fleet started) {
        started.finishPublishing();
        Await.until(
                "the group has all",
                SOON,
                () -> ledger.lost(started.streams(), started.ledger()).isEmpty(),
                () -> "lost: " + ledger.lost(started.streams(), started.ledger()));
        assertEquals(List.of(), ledger.doubled(2));
        members.forEach(CrashClient::orThrow);
        System.out.println("group " + started.root() + " acknowledged="
                + started.ledger().acknowledged() + " distinct=" + ledger.distinct() + " doubled qos1="
                + ledger.doubled(1).size());
        started.finish();
    }

    private Set<String> ids() {
        return members.stream().map(CrashClient::clientId).collect(Collectors.toSet());
    }

    @Test
    void eachMessageGoesToOneMemberAndEachMemberGetsSome(ClusterProcesses cluster) throws InterruptedException {
        Fleet started = start(cluster);
        started.awaitProgress(150, SOON);
        finish(started);
        assertEquals(List.of(), ledger.doubled(1));
        assertEquals(ids(), ledger.members());
    }

    @Test
    void membersThatLeaveAndComeBackLoseNothing(ClusterProcesses cluster, Fleet load)
            throws InterruptedException, IOException {
        Fleet started = start(cluster);
        for (GroupMember member : members) {
            member.leave();
            started.awaitProgress(40, SOON);
            member.comeBack();
        }
        // All away: their messages wait.
        for (GroupMember member : members) {
            member.leave();
        }
        started.awaitProgress(40, SOON);
        members.forEach(GroupMember::comeBack);
        finish(started);
    }

    /** Whoever coordinates, is killed; then whoever took over. */
    @Test
    void theDeathOfTheCoordinatorsNodeLosesNothing(ClusterProcesses cluster, Fleet load) throws InterruptedException {
        Fleet started = start(cluster);
        for (int round = 0; round < 2; round++) {
            ClusterNode coordinator = cluster.owner(filter);
            coordinator.killNine();
            int before = ledger.distinct();
            Await.until("the group goes on", SOON, () -> ledger.distinct() > before + 20);
            coordinator.restart();
        }
        finish(started);
    }

    @Test
    void theDeathOfAMembersNodeLosesNothing(ClusterProcesses cluster, Fleet load) throws InterruptedException {
        Fleet started = start(cluster);
        ClusterNode coordinator = cluster.owner(filter);
        ClusterNode other = cluster.nodes().stream()
                .filter(node -> node != coordinator)
                .findFirst()
                .orElseThrow();
        other.killNine();
        started.awaitProgress(60, SOON);
        finish(started);
    }
}
