package io.tuskmq.node.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tuskmq.node.rules.ConnectRules.Asked;
import io.tuskmq.node.rules.ConnectRules.Decision;
import io.tuskmq.node.rules.ConnectRules.Expiry;
import io.tuskmq.node.rules.ConnectRules.Limits;
import io.tuskmq.node.rules.ConnectRules.Next;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.SessionState;
import io.tuskmq.storage.rules.LaneVector;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ConnectRulesTest {
    private static final long NEVER = Sessions.NEVER_EXPIRES;

    private static Decision decide(int version, String clientId, boolean clean, long expiry) {
        return ConnectRules.decide(new Asked(version, clientId, clean, expiry, 60, ""), Limits.DEFAULT, "fresh");
    }

    private static Decision.Claim claim(String clientId, boolean assigned, boolean clean, long expiry) {
        return new Decision.Claim(clientId, assigned, "anonymous", clean, expiry, 60, false);
    }

    private static int refusal(Decision decision) {
        return decision instanceof Decision.Refuse r ? r.reason() : 0;
    }

    /** [MQTT-3.1.3-7] [MQTT-3.1.3-8] [MQTT-3.1.3-6] [MQTT5-3.1.3-6] */
    @Test
    void anEmptyClientIdIsAllowedOnlyWhereNothingIsToBeKeptUnlessTheClientHearsItsName() {
        assertEquals(0x85, refusal(decide(4, "", false, NEVER)));
        assertEquals(claim("fresh", true, true, 0), decide(4, "", true, 0));
        assertEquals(0x85, refusal(decide(3, "", true, 0)));
        assertEquals(claim("fresh", true, false, 100), decide(5, "", false, 100));
    }

    @Test
    void noClientMayTakeTheNameOfAGroupOrAnEndlessOne() {
        assertEquals(0x85, refusal(decide(5, "$share/g/t", true, 0)));
        assertEquals(0x85, refusal(decide(5, "x".repeat(1_025), true, 0)));
        assertEquals(claim("x".repeat(1_024), false, true, 0), decide(5, "x".repeat(1_024), true, 0));
    }

    /** [MQTT-3.1.2-2] [MQTT5-3.1.2-2] */
    @Test
    void anUnknownVersionIsRefused() {
        assertEquals(0x84, refusal(decide(6, "c", true, 0)));
        assertEquals(1, ReasonCodes.connectReturnCode(0x84));
    }

    /** [MQTT-3.1.2-4] [MQTT-3.1.2-6] [MQTT5-3.1.2-23] */
    @Test
    void theExpiryFollowsFromTheVersion() {
        assertEquals(claim("c", false, false, NEVER), decide(4, "c", false, 0));
        assertEquals(claim("c", false, true, 0), decide(4, "c", true, NEVER));
        assertEquals(claim("c", false, true, 7), decide(5, "c", true, 7));
        assertEquals(claim("c", false, false, 0), decide(5, "c", false, 0));
    }

    @Test
    void theExpiryHasALimit() {
        var limits = new Limits(3_600, 0, 100);
        for (int version : new int[] {4, 5}) {
            var decision = ConnectRules.decide(new Asked(version, "c", false, NEVER, 60, "ann"), limits, "fresh");
            assertEquals(new Decision.Claim("c", false, "ann", false, 3_600, 60, false), decision);
        }
    }

    /** [MQTT5-3.2.2-21] */
    @Test
    void theKeepAliveHasALimitThatAnMqtt5ClientIsTold() {
        var limits = new Limits(NEVER, 30, 100);
        for (int asked : new int[] {0, 31, 65_535}) {
            var v5 = ConnectRules.decide(new Asked(5, "c", true, 0, asked, ""), limits, "fresh");
            assertEquals(new Decision.Claim("c", false, "anonymous", true, 0, 30, true), v5);
            var v4 = ConnectRules.decide(new Asked(4, "c", true, 0, asked, ""), limits, "fresh");
            assertEquals(new Decision.Claim("c", false, "anonymous", true, 0, asked, false), v4);
        }
        var shorter = ConnectRules.decide(new Asked(5, "c", true, 0, 29, ""), limits, "fresh");
        assertEquals(new Decision.Claim("c", false, "anonymous", true, 0, 29, false), shorter);
    }

    /** [MQTT-3.1.2-24] [MQTT5-3.1.2-22] */
    @Test
    void silenceMayLastOneAndAHalfKeepAlives() {
        assertEquals(OptionalLong.of(15_000), ConnectRules.silenceMaxMillis(10));
        assertEquals(OptionalLong.empty(), ConnectRules.silenceMaxMillis(0));
    }

    /** [MQTT-3.2.2-2] [MQTT-3.2.2-3] [MQTT5-3.2.2-2] [MQTT5-3.2.2-3] */
    @Test
    void theAnswerFollowsFromTheClaim() {
        var state = new SessionState(new LaneVector(), new byte[0], List.of(), List.of());
        assertEquals(
                new Next.Accept(true, List.of()),
                ConnectRules.answer(new Claimed.Owned(1, 2, true, state, 0, List.of())));
        assertEquals(new Next.AskOwner(9), ConnectRules.answer(new Claimed.OwnedElsewhere(9)));
        Next refused = ConnectRules.answer(new Claimed.OtherPrincipal());
        assertEquals(0x87, refused instanceof Next.Refuse r ? r.reason() : 0);
        assertEquals(5, ReasonCodes.connectReturnCode(0x87));
    }

    /** [MQTT5-3.14.2-2] */
    @Test
    void disconnectMayChangeTheExpiryOfASessionThatLasts() {
        assertEquals(new Expiry.Seconds(10), ConnectRules.expiryAtEnd(10, OptionalLong.empty(), Limits.DEFAULT));
        assertEquals(new Expiry.Seconds(0), ConnectRules.expiryAtEnd(10, OptionalLong.of(0), Limits.DEFAULT));
        assertEquals(new Expiry.Seconds(99), ConnectRules.expiryAtEnd(10, OptionalLong.of(99), Limits.DEFAULT));
        assertEquals(new Expiry.Seconds(0), ConnectRules.expiryAtEnd(0, OptionalLong.of(0), Limits.DEFAULT));
        assertEquals(new Expiry.ProtocolError(), ConnectRules.expiryAtEnd(0, OptionalLong.of(1), Limits.DEFAULT));
    }
}
