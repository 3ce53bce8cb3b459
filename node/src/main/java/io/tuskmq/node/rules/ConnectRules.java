package io.tuskmq.node.rules;

import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Wills.DueWill;
import java.util.List;
import java.util.OptionalLong;

/** What a CONNECT asks of the store, and what the client is answered. */
public final class ConnectRules {
    /** Client ids of shared subscription groups begin with it: no client may have one. */
    public static final String GROUP_PREFIX = "$share/";

    private static final String ANONYMOUS = "anonymous";

    private ConnectRules() {}

    /**
     * Settings.
     *
     * @param sessionExpirySecondsMax the longest that a session is kept without a connection; {@link Sessions#NEVER_EXPIRES} = for ever
     * @param keepAliveSecondsMax 0 = as the client likes
     * @param clientIdBytesMax longer ones are refused
     */
    public record Limits(long sessionExpirySecondsMax, int keepAliveSecondsMax, int clientIdBytesMax) {
        public static final Limits DEFAULT = new Limits(Sessions.NEVER_EXPIRES, 0, 1_024);
    }

    /** What of a CONNECT matters here; {@code userName} empty when there is none. */
    public record Asked(
            int version,
            String clientId,
            boolean cleanStart,
            long expirySeconds,
            int keepAliveSeconds,
            String userName) {}

    /** What to do with a CONNECT. */
    public sealed interface Decision {
        /** Refused before anything is asked of the store; [MQTT-3.2.2-4] session present is 0. */
        record Refuse(int reason, String why) implements Decision {}

        /**
         * Claim the session.
         *
         * @param assigned whether the client id was given by the broker [MQTT5-3.2.2-16]
         * @param keepAliveSeconds what counts; 0 = none
         * @param tellKeepAlive whether an MQTT 5 client must be told [MQTT5-3.2.2-21]
         */
        record Claim(
                String clientId,
                boolean assigned,
                String principal,
                boolean cleanStart,
                long expirySeconds,
                int keepAliveSeconds,
                boolean tellKeepAlive)
                implements Decision {}
    }

    /** @param freshClientId what to call a client that brings no client id: unique, not to be guessed */
    public static Decision decide(Asked asked, Limits limits, String freshClientId) {
        boolean v5 = asked.version() == 5;
        if (asked.version() < 3 || asked.version() > 5) {
            return new Decision.Refuse(ReasonCodes.UNSUPPORTED_PROTOCOL_VERSION, "protocol level " + asked.version());
        }
        String clientId = asked.clientId();
        if (clientId.isEmpty() && (asked.version() == 3 || (asked.version() == 4 && !asked.cleanStart()))) {
            // [MQTT-3.1.3-8]; MQTT 3.1 doesn't know empty client ids at all.
            return new Decision.Refuse(
                    ReasonCodes.CLIENT_IDENTIFIER_NOT_VALID, "empty client id for a session to keep");
        }
        // The edge has checked the encoding; a character is at most three bytes per UTF-16 unit.
        if (clientId.length() > limits.clientIdBytesMax() || clientId.startsWith(GROUP_PREFIX)) {
            return new Decision.Refuse(ReasonCodes.CLIENT_IDENTIFIER_NOT_VALID, "client id not allowed");
        }
        int keepAlive = keepAliveSeconds(asked, limits);
        // [MQTT-3.1.3-6] [MQTT5-3.1.3-6] an empty client id is treated as one that the broker chose.
        return new Decision.Claim(
                clientId.isEmpty() ? freshClientId : clientId,
                clientId.isEmpty(),
                asked.userName().isEmpty() ? ANONYMOUS : asked.userName(),
                asked.cleanStart(),
                expirySeconds(asked, limits),
                keepAlive,
                v5 && keepAlive != asked.keepAliveSeconds());
    }

    /** Clean session 1 of MQTT 3 is clean start with an expiry of 0; 0 is no clean start with the longest expiry. */
    private static long expirySeconds(Asked asked, Limits limits) {
        if (asked.version() == 5) {
            return Math.min(asked.expirySeconds(), limits.sessionExpirySecondsMax());
        }
        return asked.cleanStart() ? 0 : limits.sessionExpirySecondsMax();
    }

    /** Only an MQTT 5 client can be told of another keep alive than its own. */
    private static int keepAliveSeconds(Asked asked, Limits limits) {
        int max = limits.keepAliveSecondsMax();
        boolean tooLong = asked.keepAliveSeconds() == 0 || asked.keepAliveSeconds() > max;
        return asked.version() == 5 && max != 0 && tooLong ? max : asked.keepAliveSeconds();
    }

    /** Milliseconds without a packet after which the connection is dead: one and a half times the keep alive [MQTT-3.1.2-24] [MQTT5-3.1.2-22]. */
    public static OptionalLong silenceMaxMillis(int keepAliveSeconds) {
        return keepAliveSeconds == 0 ? OptionalLong.empty() : OptionalLong.of(keepAliveSeconds * 1_500L);
    }

    /** What follows from the store's answer. */
    public sealed interface Next {
        /** Publish these wills, start the session, then answer CONNACK. */
        record Accept(boolean sessionPresent, List<DueWill> wills) implements Next {}

        record Refuse(int reason, String why) implements Next {}

        /** Ask that node to let go of the session; then, or when it doesn't answer in time, claim with force. */
        record AskOwner(long incarnation) implements Next {}
    }

    /** [MQTT-3.2.2-2] [MQTT5-3.2.2-3] session present says whether state was found and kept. */
    public static Next answer(Claimed claimed) {
        return switch (claimed) {
            case Claimed.Owned owned -> new Next.Accept(owned.sessionPresent(), owned.dueWills());
            case Claimed.OtherPrincipal ignored ->
                new Next.Refuse(ReasonCodes.NOT_AUTHORIZED, "the session belongs to another user");
            case Claimed.OwnedElsewhere elsewhere -> new Next.AskOwner(elsewhere.incarnation());
        };
    }

    /** The expiry that counts when a connection ends. */
    public sealed interface Expiry {
        record Seconds(long seconds) implements Expiry {}

        /** [MQTT5-3.14.2-2] DISCONNECT may not make a session lasting that CONNECT asked to end: DISCONNECT 0x82. */
        record ProtocolError() implements Expiry {}
    }

    /**
     * @param grantedSeconds as answered to CONNECT
     * @param asked the Session Expiry Interval of DISCONNECT, if it had one
     */
    public static Expiry expiryAtEnd(long grantedSeconds, OptionalLong asked, Limits limits) {
        if (asked.isEmpty()) {
            return new Expiry.Seconds(grantedSeconds);
        }
        if (grantedSeconds == 0 && asked.getAsLong() != 0) {
            return new Expiry.ProtocolError();
        }
        return new Expiry.Seconds(Math.min(asked.getAsLong(), limits.sessionExpirySecondsMax()));
    }
}
