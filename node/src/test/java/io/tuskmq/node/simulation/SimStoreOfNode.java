package io.tuskmq.node.simulation;

import io.tuskmq.storage.Access;
import io.tuskmq.storage.Append;
import io.tuskmq.storage.Filters;
import io.tuskmq.storage.LaneListener;
import io.tuskmq.storage.LaneWriter;
import io.tuskmq.storage.Leases;
import io.tuskmq.storage.LogReader;
import io.tuskmq.storage.Retained;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Store;
import io.tuskmq.storage.Survey;
import io.tuskmq.storage.Wills;
import io.vertx.core.Future;

/** A node's store, which notes what the node wants to write: for mistakes that are planted there. */
record SimStoreOfNode(Store store, SimDatabaseState database) implements Store {
    @Override
    public Leases leases() {
        return store.leases();
    }

    @Override
    public Filters filters() {
        return store.filters();
    }

    @Override
    public Sessions sessions() {
        return SimSessions.of(store.sessions(), database);
    }

    @Override
    public LogReader log() {
        return store.log();
    }

    @Override
    public Retained retained() {
        return store.retained();
    }

    @Override
    public Wills wills() {
        return store.wills();
    }

    @Override
    public Access access() {
        return store.access();
    }

    @Override
    public Survey survey() {
        return store.survey();
    }

    @Override
    public LaneWriter laneWriter(Leases.Lane lane, LaneListener listener) {
        LaneWriter writer = store.laneWriter(lane, listener);
        return new LaneWriter() {
            @Override
            public void append(Append append) {
                Append.Receipt receipt = append.receipt();
                if (receipt != null) {
                    database.receipt(lane.incarnation(), receipt);
                }
                writer.append(append);
            }

            @Override
            public boolean isFull() {
                return writer.isFull();
            }

            @Override
            public void touch() {
                writer.touch();
            }

            @Override
            public Future<Void> close() {
                return writer.close();
            }
        };
    }

    @Override
    public Future<Retention> maintainLog(long retentionMillis) {
        return store.maintainLog(retentionMillis);
    }

    @Override
    public Future<Long> logBytes() {
        return store.logBytes();
    }

    @Override
    public Future<Void> close() {
        return store.close();
    }
}
