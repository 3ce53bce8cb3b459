package io.tuskmq.node.session;

import io.tuskmq.node.rules.Rights;
import io.tuskmq.storage.Sessions.NewWill;
import org.jspecify.annotations.Nullable;

/**
 * A CONNECT that passed the checks of its form, the same for all protocol versions.
 *
 * @param version protocol level: 3 (MQTT 3.1), 4 (3.1.1) or 5
 * @param clientId empty: the broker assigns one
 * @param expirySeconds Session Expiry Interval as asked for (MQTT 5); for MQTT 3: 0 with clean session, else "never"
 * @param receiveMax how many unacknowledged QoS 1 and 2 messages the client takes (65,535 when not said)
 * @param maximumPacketSize bytes; 0 = no limit
 * @param topicAliasMax 0 = no aliases to this client
 * @param principal who the client was found to be; before that, who it says it is
 * @param rights what it may do
 */
public record ConnectPacket(
        int version,
        String clientId,
        boolean cleanStart,
        long expirySeconds,
        int keepAliveSeconds,
        @Nullable String userName,
        byte @Nullable [] password,
        @Nullable NewWill will,
        int receiveMax,
        long maximumPacketSize,
        int topicAliasMax,
        String remoteAddress,
        String principal,
        Rights rights) {
    /** Of a client that nobody has asked who it is. */
    public ConnectPacket(
            int version,
            String clientId,
            boolean cleanStart,
            long expirySeconds,
            int keepAliveSeconds,
            @Nullable String userName,
            byte @Nullable [] password,
            @Nullable NewWill will,
            int receiveMax,
            long maximumPacketSize,
            int topicAliasMax,
            String remoteAddress) {
        this(
                version,
                clientId,
                cleanStart,
                expirySeconds,
                keepAliveSeconds,
                userName,
                password,
                will,
                receiveMax,
                maximumPacketSize,
                topicAliasMax,
                remoteAddress,
                userName == null ? "" : userName,
                Rights.ALL);
    }

    /** The same without the password: nothing that lives as long as the connection keeps one. */
    public ConnectPacket withoutPassword() {
        return password == null ? this : of(principal, rights);
    }

    /** The same of a client that was found to be somebody; its password has served. */
    public ConnectPacket of(String found, Rights itsRights) {
        return new ConnectPacket(
                version,
                clientId,
                cleanStart,
                expirySeconds,
                keepAliveSeconds,
                userName,
                null,
                will,
                receiveMax,
                maximumPacketSize,
                topicAliasMax,
                remoteAddress,
                found,
                itsRights);
    }

    public boolean isV5() {
        return version == 5;
    }
}
