package io.tuskmq.node.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tuskmq.node.mqtt.Admission.Answer;
import io.tuskmq.node.mqtt.Admission.Refusal;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Which network connections are let in, and when. */
class AdmissionTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final Answer AT_ONCE = new Answer.LetIn(0);
    private static final int CONNECT_MILLIS = 4_000;

    private static Admission admission(int connections, int perAddress, int perSecond) {
        return new Admission(new MqttOptions.Arrivals(connections, perAddress, perSecond), CONNECT_MILLIS);
    }

    @Test
    void letsInAsManyAsTheNodeMayHave() {
        Admission admission = admission(2, 0, 0);
        assertEquals(AT_ONCE, admission.admit("a", 0));
        assertEquals(AT_ONCE, admission.admit("b", 0));
        assertEquals(new Answer.Refuse(Refusal.NODE_FULL), admission.admit("c", 0));
        admission.leave("a");
        assertEquals(AT_ONCE, admission.admit("c", 0));
    }

    @Test
    void letsInAsManyAsAnAddressMayHave() {
        Admission admission = admission(9, 1, 0);
        assertEquals(AT_ONCE, admission.admit("a", 0));
        assertEquals(new Answer.Refuse(Refusal.ADDRESS_FULL), admission.admit("a", 0));
        assertEquals(AT_ONCE, admission.admit("b", 0));
        admission.leave("a");
        assertEquals(AT_ONCE, admission.admit("a", 0));
    }

    /** Ten a second: the second's worth at once, then each 100 ms later than the one before, up to half of the time for CONNECT. */
    @Test
    void aRushWaitsForItsTurn() {
        Admission admission = admission(1_000, 0, 10);
        for (int i = 0; i <= 10; i++) {
            assertEquals(AT_ONCE, admission.admit("a", 0), "connection " + i);
        }
        for (int i = 1; i <= 20; i++) {
            assertEquals(new Answer.LetIn(i * SECOND / 10), admission.admit("a", 0));
        }
        assertEquals(new Answer.Refuse(Refusal.RATE), admission.admit("a", 0));
        assertEquals(new Answer.LetIn(2 * SECOND), admission.admit("a", SECOND / 10), "a refusal takes no turn");
        assertEquals(AT_ONCE, admission.admit("a", 9 * SECOND));
    }
}
