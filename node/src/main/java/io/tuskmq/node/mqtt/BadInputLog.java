package io.tuskmq.node.mqtt;

import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One line for bad input, without stack trace or content, and few lines however much of it comes. */
final class BadInputLog {
    private static final Logger LOG = LoggerFactory.getLogger(BadInputLog.class);
    private static final long INTERVAL_NANOS = 200_000_000;

    private final AtomicLong nextNanos = new AtomicLong(System.nanoTime());
    private final AtomicLong suppressed = new AtomicLong();

    void line(String remoteAddress, String why) {
        long now = System.nanoTime();
        long next = nextNanos.get();
        if (now - next < 0 || !nextNanos.compareAndSet(next, now + INTERVAL_NANOS)) {
            suppressed.incrementAndGet();
            return;
        }
        LOG.info("bad input remote={} why=\"{}\" not-logged-before={}", remoteAddress, why, suppressed.getAndSet(0));
    }
}
