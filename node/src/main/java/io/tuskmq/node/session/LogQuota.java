package io.tuskmq.node.session;

import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.storage.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the log has room for more, as measured last. Without room, publishes that it would have to keep are refused (MQTT 5), or their
 * connections are not read from (MQTT 3). From any thread.
 */
public final class LogQuota {
    private static final Logger LOG = LoggerFactory.getLogger(LogQuota.class);

    private final long bytesMax;
    private volatile long bytes;
    private volatile boolean exceeded;

    /** @param bytesMax 0 = no limit */
    public LogQuota(long bytesMax, Metrics metrics) {
        this.bytesMax = bytesMax;
        metrics.gauge("tuskmq_log_bytes", "Size of the log on disk, as measured last.", () -> bytes);
        metrics.gauge(
                "tuskmq_log_quota_bytes", "The most that it may have (log.quota-bytes); 0: no limit.", () -> bytesMax);
    }

    /** Called by one thread. */
    public void measured(long logBytes) {
        bytes = logBytes;
        boolean now = bytesMax > 0 && logBytes > bytesMax;
        if (now != exceeded) {
            exceeded = now;
            LOG.warn("log quota {} bytes={} quota-bytes={}", now ? "exceeded" : "kept again", logBytes, bytesMax);
        }
    }

    boolean isExceeded() {
        return exceeded;
    }

    /** Whether the log would have to keep the message, and has no room. */
    boolean isExceededBy(Message message, Router router) {
        return exceeded && message.qos() > 0 && router.isLogged(message.topic());
    }
}
