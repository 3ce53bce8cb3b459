package io.tuskmq.node.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The rates at which clients may publish. */
class RateLimitTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    @Test
    void theRateHoldsOverALongTime() {
        RateLimit limit = new RateLimit(1_000, 0);
        long now = 0;
        for (int i = 0; i < 60_000; i++) {
            now += limit.waitNanos(now);
            limit.take(1, now);
        }
        assertTrue(now > 58 * SECOND && now < 60 * SECOND, "60,000 took " + now);
    }

    @Test
    void aQuietTimeGivesNoMoreThanOneSecondsWorth() {
        RateLimit limit = new RateLimit(10, 0);
        limit.take(21, 100 * SECOND);
        assertEquals(SECOND * 11 / 10, limit.waitNanos(100 * SECOND));
    }

    @Test
    void aMinutesWorthMayComeAtOnce() {
        RateLimit limit = new RateLimit(TimeUnit.MINUTES, 10, 0);
        limit.take(10, 0);
        assertEquals(0, limit.waitNanos(0));
        limit.take(1, 0);
        assertEquals(6 * SECOND, limit.waitNanos(0));
    }

    @Test
    void theStricterOfMessagesAndBytesHolds() {
        PublishPace pace = PublishPace.of(new MqttOptions.PublishRate(1_000, 100), 0);
        assertTrue(pace != null);
        assertEquals(0, pace.published(100, 0));
        assertEquals(SECOND * 2, pace.published(200, 0));
        assertNull(PublishPace.of(new MqttOptions.PublishRate(0, 0), 0), "no limit, no memory");
    }
}
