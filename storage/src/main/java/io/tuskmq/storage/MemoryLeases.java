package io.tuskmq.storage;

import io.tuskmq.storage.MemoryTables.LaneRow;
import io.tuskmq.storage.MemoryTables.NodeRow;
import io.tuskmq.storage.rules.LogId;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Leases of a {@link MemoryStore}. */
final class MemoryLeases implements Leases {
    /** Of all databases in memory: no other process reaches them. */
    private static final byte[] SECRET = new byte[32];

    private final MemoryTables tables;
    private final MemoryRunner runner;

    MemoryLeases(MemoryTables tables, MemoryRunner runner) {
        this.tables = tables;
        this.runner = runner;
    }

    @Override
    public Future<Lease> register(String nodeName, int lanes, long leaseMillis, Optional<Address> address) {
        return runner.run("leases.register", () -> {
            long incarnation = tables.nextId();
            tables.nodes.put(incarnation, new NodeRow(nodeName, tables.nowMillis() + leaseMillis, address));
            List<Lane> leased = new ArrayList<>();
            for (int i = 0; i < lanes; i++) {
                LaneRow lane = freeLane();
                lane.owner = incarnation;
                tables.raiseToNow(lane);
                leased.add(new Lane(lane.laneId, lane.head, incarnation));
            }
            return new Lease(incarnation, leased);
        });
    }

    private LaneRow freeLane() {
        for (LaneRow lane : tables.lanes) {
            if (lane.owner == 0) {
                return lane;
            }
        }
        int laneId = tables.lanes.size() + 1;
        if (laneId > LogId.LANE_MAX) {
            throw new StorageException(StorageException.Kind.PERMANENT, "all lanes are leased", null);
        }
        LaneRow lane = new LaneRow(laneId, LogId.first(tables.nowMillis(), laneId));
        tables.lanes.add(lane);
        return lane;
    }

    @Override
    public Future<Void> endNamesakes(String nodeName) {
        return runner.<Object>run("leases.endNamesakes", () -> {
                    List<Long> namesakes = tables.nodes.entrySet().stream()
                            .filter(node -> node.getValue().name.equals(nodeName))
                            .map(java.util.Map.Entry::getKey)
                            .toList();
                    namesakes.forEach(this::end);
                    return namesakes;
                })
                .mapEmpty();
    }

    @Override
    public Future<List<Namesake>> namesakes(String nodeName) {
        return runner.run(
                "leases.namesakes",
                () -> tables.nodes.entrySet().stream()
                        .filter(node -> node.getValue().name.equals(nodeName) && tables.hasLease(node.getKey()))
                        .map(node -> new Namesake(node.getKey(), node.getValue().leaseUntilMillis * 1_000))
                        .sorted(Comparator.comparingLong(Namesake::incarnation))
                        .toList());
    }

    @Override
    public Future<Boolean> hasNamesake(String nodeName, long notThisIncarnation) {
        return runner.run(
                "leases.hasNamesake",
                () -> tables.nodes.entrySet().stream()
                        .anyMatch(node -> node.getKey() != notThisIncarnation
                                && node.getValue().name.equals(nodeName)
                                && tables.hasLease(node.getKey())));
    }

    @Override
    public Future<Heartbeat> renew(long incarnation, long leaseMillis) {
        return runner.run("leases.renew", () -> {
            NodeRow node = registered(incarnation);
            node.leaseUntilMillis = tables.nowMillis() + leaseMillis;
            tables.lanes.stream().filter(lane -> lane.owner == 0).forEach(tables::raiseToNow);
            List<LaneState> lanes = tables.lanes.stream()
                    .map(lane -> new LaneState(lane.laneId, lane.owner, lane.head, lane.last))
                    .toList();
            List<LiveNode> nodes = tables.nodes.entrySet().stream()
                    .filter(row -> tables.hasLease(row.getKey()))
                    .map(row -> new LiveNode(row.getKey(), row.getValue().name, row.getValue().address))
                    .toList();
            return new Heartbeat(tables.heads(), lanes, nodes);
        });
    }

    private NodeRow registered(long incarnation) {
        NodeRow node = tables.nodes.get(incarnation);
        if (node == null) {
            throw new StorageException(StorageException.Kind.FENCED, "the lease was revoked", null);
        }
        return node;
    }

    @Override
    public Future<Boolean> revoke(long me, long victim) {
        return runner.run("leases.revoke", () -> {
            if (registered(me).leaseUntilMillis <= tables.nowMillis()) {
                throw new StorageException(StorageException.Kind.TRANSIENT, "the lease has run out", null);
            }
            boolean there = tables.nodes.containsKey(victim);
            if (there) {
                end(victim);
            }
            return there;
        });
    }

    @Override
    public Future<byte[]> secret() {
        return runner.run("leases.secret", () -> SECRET.clone());
    }

    @Override
    public Future<Void> release(long incarnation) {
        return runner.<Object>run("leases.release", () -> {
                    end(incarnation);
                    return incarnation;
                })
                .mapEmpty();
    }

    @Override
    public Future<List<Long>> endExpired() {
        return runner.run("leases.endExpired", () -> {
            List<Long> expired = tables.nodes.entrySet().stream()
                    .filter(node -> node.getValue().leaseUntilMillis <= tables.nowMillis())
                    .map(java.util.Map.Entry::getKey)
                    .toList();
            expired.forEach(this::end);
            return expired;
        });
    }

    private void end(long incarnation) {
        tables.nodes.remove(incarnation);
        tables.lanes.stream().filter(lane -> lane.owner == incarnation).forEach(lane -> lane.owner = 0);
        tables.sessions.values().stream()
                .filter(session -> session.owner == incarnation)
                .forEach(tables::goOffline);
        tables.wills.values().stream()
                .filter(will -> will.owner == incarnation)
                .forEach(will -> tables.schedule(will, will.will.delaySeconds()));
    }
}
