package io.tuskmq.node.session;

import io.tuskmq.node.metrics.Metrics;
import java.util.concurrent.TimeUnit;

/** Told of each batch that a lane has committed; on the lane's thread. */
public interface BatchMeter {
    /** @param nanos from when the batch was first sent until its commit was known */
    void committed(int appends, long nanos);

    /** Makes histograms of them. */
    static BatchMeter of(Metrics metrics) {
        Metrics.Histogram sizes = metrics.histogram(
                "tuskmq_append_batch_messages",
                "Messages in one batch of a lane, as committed.",
                1,
                2,
                5,
                10,
                20,
                50,
                100,
                200,
                500,
                1_000);
        Metrics.Histogram seconds = metrics.histogram(
                "tuskmq_append_commit_seconds",
                "From when a batch was first sent until its commit was known; an idle lane commits an empty one each second.",
                0.000_5,
                0.001,
                0.002,
                0.005,
                0.01,
                0.02,
                0.05,
                0.1,
                0.2,
                0.5,
                1,
                2,
                5,
                10);
        double nanosPerSecond = TimeUnit.SECONDS.toNanos(1);
        return (appends, nanos) -> {
            if (appends > 0) {
                sizes.record(appends);
            }
            seconds.record(nanos / nanosPerSecond);
        };
    }
}
