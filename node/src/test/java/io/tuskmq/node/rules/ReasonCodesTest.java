package io.tuskmq.node.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which reason codes a packet may have. */
class ReasonCodesTest {
    /** Table 3-1 of MQTT 5. */
    private static final Set<Integer> OF_CONNACK = Set.of(
            0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A,
            0x9B, 0x9C, 0x9D, 0x9F);

    /** [MQTT5-3.2.2-8] */
    @Test
    void aConnAckHasListedOnesOnly() {
        for (int reason = 0; reason <= 0xFF; reason++) {
            int said = ReasonCodes.ofConnAck(reason);
            assertTrue(OF_CONNACK.contains(said), Integer.toHexString(said));
            assertEquals(reason != 0, ReasonCodes.isError(said));
        }
        assertEquals(ReasonCodes.NOT_AUTHORIZED, ReasonCodes.ofConnAck(ReasonCodes.NOT_AUTHORIZED));
        assertEquals(ReasonCodes.SERVER_UNAVAILABLE, ReasonCodes.ofConnAck(ReasonCodes.SERVER_SHUTTING_DOWN));
        assertEquals(ReasonCodes.UNSPECIFIED_ERROR, ReasonCodes.ofConnAck(ReasonCodes.SESSION_TAKEN_OVER));
    }
}
