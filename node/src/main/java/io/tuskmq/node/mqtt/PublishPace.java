package io.tuskmq.node.mqtt;

import org.jspecify.annotations.Nullable;

/** How fast one client may publish, in messages and in bytes. Lives with the connection, on its event loop. */
final class PublishPace {
    private final @Nullable RateLimit messages;
    private final @Nullable RateLimit bytes;

    private PublishPace(MqttOptions.PublishRate rate, long nowNanos) {
        messages = rate.messagesPerSecondMax() > 0 ? new RateLimit(rate.messagesPerSecondMax(), nowNanos) : null;
        bytes = rate.bytesPerSecondMax() > 0 ? new RateLimit(rate.bytesPerSecondMax(), nowNanos) : null;
    }

    /** None where there is no limit: most connections have no need of it. */
    static @Nullable PublishPace of(MqttOptions.PublishRate rate, long nowNanos) {
        return rate.messagesPerSecondMax() > 0 || rate.bytesPerSecondMax() > 0 ? new PublishPace(rate, nowNanos) : null;
    }

    /** A PUBLISH came: for how long the client is not read from now. */
    long published(int packetBytes, long nowNanos) {
        return Math.max(wait(messages, 1, nowNanos), wait(bytes, packetBytes, nowNanos));
    }

    private static long wait(@Nullable RateLimit limit, int units, long nowNanos) {
        if (limit == null) {
            return 0;
        }
        limit.take(units, nowNanos);
        return limit.waitNanos(nowNanos);
    }
}
