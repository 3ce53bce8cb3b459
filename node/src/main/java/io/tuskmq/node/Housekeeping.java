package io.tuskmq.node;

import io.tuskmq.storage.StorageException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a node does now and then. A job runs again a while after it ended, never twice at once; a failure is logged once. */
final class Housekeeping {
    private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);

    private final Vertx vertx;
    private final List<Job> jobs = new ArrayList<>();
    private volatile boolean stopped;

    Housekeeping(Vertx vertx) {
        this.vertx = vertx;
    }

    /** Runs the work every {@code everyMillis}, the first time after as long. */
    void every(long everyMillis, String name, Supplier<Future<?>> work) {
        Job job = new Job(everyMillis, name, work);
        jobs.add(job);
        job.rest();
    }

    /** The same, and the first time now. */
    void nowAndEvery(long everyMillis, String name, Supplier<Future<?>> work) {
        Job job = new Job(everyMillis, name, work);
        jobs.add(job);
        job.run();
    }

    /** No job starts any more; completes when those that run have ended. */
    Future<Void> stop() {
        stopped = true;
        return Future.join(jobs.stream().map(job -> job.running).toList())
                .otherwiseEmpty()
                .mapEmpty();
    }

    private final class Job {
        private final long everyMillis;
        private final String name;
        private final Supplier<Future<?>> work;
        private volatile Future<?> running = Future.succeededFuture();
        private boolean failing;

        Job(long everyMillis, String name, Supplier<Future<?>> work) {
            this.everyMillis = everyMillis;
            this.name = name;
            this.work = work;
        }

        void rest() {
            if (!stopped) {
                vertx.setTimer(everyMillis, timer -> run());
            }
        }

        private void run() {
            if (stopped) {
                return;
            }
            running = Future.succeededFuture().compose(nothing -> work.get()).onComplete(this::ended, this::failed);
        }

        private void ended(Object nothing) {
            if (failing) {
                LOG.info("job={} works again", name);
            }
            failing = false;
            rest();
        }

        private void failed(Throwable failure) {
            boolean passing = failure instanceof StorageException storage && storage.isPassing();
            if (!passing) {
                LOG.error("job={} failed", name, failure);
            } else if (!failing) {
                LOG.warn("job={} failed for now: {}", name, failure.getMessage());
            }
            failing = true;
            rest();
        }
    }
}
