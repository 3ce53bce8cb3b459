package io.tuskmq.storage;

import io.tuskmq.storage.MemoryTables.LaneRow;
import io.tuskmq.storage.MemoryTables.NodeRow;
import io.tuskmq.storage.rules.LogId;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;

/** Leases of a {@link MemoryStore}. */
final class MemoryLeases implements Leases {
    private final MemoryTables tables;
    private final MemoryRunner runner;

    MemoryLeases(MemoryTables tables, MemoryRunner runner) {
        this.tables = tables;
        this.runner = runner;
    }

    @Override
    public Future<Lease> register(String nodeName, int lanes, long leaseMillis) {
        return runner.run("leases.register", () -> {
            long incarnation = tables.nextId();
            tables.nodes.put(incarnation, new NodeRow(nodeName, tables.nowMillis() + leaseMillis));
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
    public Future<Heartbeat> renew(long incarnation, long leaseMillis) {
        return runner.run("leases.renew", () -> {
            NodeRow node = tables.nodes.get(incarnation);
            if (node == null) {
                throw new StorageException(StorageException.Kind.FENCED, "the lease was revoked", null);
            }
            node.leaseUntilMillis = tables.nowMillis() + leaseMillis;
            tables.lanes.stream().filter(lane -> lane.owner == 0).forEach(tables::raiseToNow);
            return new Heartbeat(tables.heads());
        });
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
