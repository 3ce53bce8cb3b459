package io.tuskmq.node.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.tuskmq.storage.Message;
import io.tuskmq.storage.Sessions.NewWill;
import io.tuskmq.storage.Sessions.WillAction;
import io.tuskmq.storage.Wills.DueWill;
import org.junit.jupiter.api.Test;

class WillRulesTest {
    private final Message message = Message.of("gone", new byte[1], 1, true);

    private NewWill will(long delaySeconds) {
        return new NewWill(message, delaySeconds, 0);
    }

    @Test
    void withoutAWillNothingHappens() {
        assertEquals(new WillRules.AtEnd(new WillAction.Nothing(), false), WillRules.atEnd(false, null, 100));
    }

    /** [MQTT-3.1.2-10] [MQTT-3.14.4-3] [MQTT5-3.14.4-3] */
    @Test
    void aNormalEndDropsIt() {
        assertEquals(new WillRules.AtEnd(new WillAction.Drop(), false), WillRules.atEnd(true, will(0), 100));
        assertEquals(new WillRules.AtEnd(new WillAction.Drop(), false), WillRules.atEnd(true, will(30), 100));
    }

    /** [MQTT-3.1.2-8] [MQTT5-3.1.2-8] */
    @Test
    void anyOtherEndPublishesIt() {
        assertEquals(new WillRules.AtEnd(new WillAction.Nothing(), true), WillRules.atEnd(false, will(0), 100));
    }

    /** [MQTT5-3.1.3-9] and the end of the session, whichever comes first [MQTT5-3.1.2-8]. */
    @Test
    void aDelayedOneWaitsButNotLongerThanItsSession() {
        assertEquals(new WillRules.AtEnd(new WillAction.Schedule(30), false), WillRules.atEnd(false, will(30), 100));
        assertEquals(new WillRules.AtEnd(new WillAction.Schedule(10), false), WillRules.atEnd(false, will(30), 10));
        assertEquals(new WillRules.AtEnd(new WillAction.Nothing(), true), WillRules.atEnd(false, will(30), 0));
    }

    @Test
    void theExpiryOfTheMessageRunsFromItsPublication() {
        assertEquals(
                61_000,
                WillRules.published(new DueWill(1, "c", message, 60), 1_000).expiresAtMillis());
        assertSame(message, WillRules.published(new DueWill(1, "c", message, 0), 1_000));
    }
}
