package io.tuskmq.node.session;

import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.Retained;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the broker has room for more retained messages, as measured last. Without room those of QoS 1 and 2 are refused, others are
 * published without being kept [MQTT5-3.3.1.3]. From any thread.
 */
public final class RetainedQuota {
    private static final Logger LOG = LoggerFactory.getLogger(RetainedQuota.class);

    private final long messagesMax;
    private final long bytesMax;
    private final LongAdder refused;
    private volatile Retained.Usage usage = new Retained.Usage(0, 0);
    private volatile boolean exceeded;

    /** Each 0 = no limit. */
    public RetainedQuota(long messagesMax, long bytesMax, Metrics metrics) {
        this.messagesMax = messagesMax;
        this.bytesMax = bytesMax;
        metrics.gauge(
                "tuskmq_retained_messages",
                "Retained messages of the whole broker, as looked at last.",
                () -> usage.messages());
        metrics.gauge("tuskmq_retained_bytes", "Bytes of their topics, payloads and properties.", () -> usage.bytes());
        refused = metrics.counter(
                "tuskmq_retained_refused_total",
                "Messages that were to be retained and were not, since there are as many as there may be.");
    }

    /** Called by one thread. */
    public void measured(Retained.Usage now) {
        usage = now;
        boolean full = (messagesMax > 0 && now.messages() >= messagesMax) || (bytesMax > 0 && now.bytes() >= bytesMax);
        if (full != exceeded) {
            exceeded = full;
            LOG.warn(
                    "retained messages {} messages={} bytes={} messages-max={} bytes-max={}",
                    full ? "are as many as there may be" : "have room again",
                    now.messages(),
                    now.bytes(),
                    messagesMax,
                    bytesMax);
        }
    }

    /** Whether a publisher that waits for an acknowledgement is to be refused. What clears a topic makes room, and always passes. */
    boolean refuses(Message message) {
        if (message.qos() == 0 || isKept(message)) {
            return false;
        }
        refused.increment();
        return true;
    }

    /** The message, without RETAIN where nobody was promised that it is kept and there is no room. */
    Message kept(Message message) {
        if (isKept(message)) {
            return message;
        }
        refused.increment();
        return message.withoutRetain();
    }

    private boolean isKept(Message message) {
        return !exceeded || !message.retain() || message.payload().length == 0;
    }
}
