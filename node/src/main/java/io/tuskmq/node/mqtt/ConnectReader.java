package io.tuskmq.node.mqtt;

import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.session.Authentication;
import io.tuskmq.node.session.ConnectPacket;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Sessions.NewWill;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads a CONNECT and checks its form (3.1): what comes out keeps every rule that needs no knowledge of sessions. */
final class ConnectReader {
    private static final int CLEAN_START = 0x02;
    private static final int WILL = 0x04;
    private static final int WILL_RETAIN = 0x20;
    private static final int PASSWORD = 0x40;
    private static final int USER_NAME = 0x80;

    private final PacketReader in;
    private final MqttOptions.Limits limits;
    private final Set<String> methods;

    /** Protocol level as soon as it is known, so that a refusal can be put into its words; 0 before. */
    private int version;

    private long maximumPacketSize;
    private @Nullable Authentication authentication;

    /** @param methods of enhanced authentication that clients may ask for */
    ConnectReader(PacketReader in, MqttOptions.Limits limits, Set<String> methods) {
        this.in = in;
        this.limits = limits;
        this.methods = methods;
    }

    /** Of a CONNECT with an authentication method. */
    @Nullable
    Authentication authentication() {
        return authentication;
    }

    int version() {
        return version;
    }

    /** Bytes of the largest packet that may be sent in answer, as soon as it is known; 0 = no limit. */
    long maximumPacketSize() {
        return maximumPacketSize;
    }

    /**
     * @throws BadPacket to be answered by a CONNACK with its reason where the client's version has one for it
     */
    ConnectPacket read(String remoteAddress) {
        String protocol = in.string("protocol name");
        int level = in.u8();
        version = level > 5 && level < 0x80 ? 5 : 4; // in whose words to refuse
        version = versionOf(protocol, level);
        int flags = in.u8();
        checkFlags(flags);
        int keepAliveSeconds = in.u16();
        Properties properties = version == 5 ? Properties.read(in, Properties.IN_CONNECT) : Properties.NONE;
        maximumPacketSize = properties.maximumPacketSize();
        checkAuthentication(properties);
        boolean cleanStart = (flags & CLEAN_START) != 0;
        String clientId = clientId(cleanStart);
        NewWill will = (flags & WILL) != 0 ? will(flags) : null;
        String userName = (flags & USER_NAME) != 0 ? in.string("user name") : null;
        byte[] password = (flags & PASSWORD) != 0 ? in.binary() : null;
        in.expectEnd();
        return new ConnectPacket(
                version,
                clientId,
                cleanStart,
                version == 5 ? properties.sessionExpirySeconds() : cleanStart ? 0 : Sessions.NEVER_EXPIRES,
                keepAliveSeconds,
                userName,
                password,
                will,
                properties.receiveMax(),
                properties.maximumPacketSize(),
                properties.topicAliasMax(),
                remoteAddress);
    }

    private static int versionOf(String protocol, int level) {
        boolean known = protocol.equals("MQTT") ? level == 4 || level == 5 : protocol.equals("MQIsdp") && level == 3;
        if (known) {
            return level;
        }
        if (!protocol.equals("MQTT") && !protocol.equals("MQIsdp")) {
            throw BadPacket.malformed("protocol name is not MQTT"); // [MQTT-3.1.2-1] [MQTT5-3.1.2-1]
        }
        // [MQTT-3.1.2-2] [MQTT5-3.1.2-2] Also bridges that set the highest bit of the level: not supported.
        throw BadPacket.of(ReasonCodes.UNSUPPORTED_PROTOCOL_VERSION, "protocol " + protocol + " level " + level);
    }

    private void checkFlags(int flags) {
        int willQos = (flags >> 3) & 3;
        if ((flags & 1) != 0) {
            throw BadPacket.malformed("reserved CONNECT flag is set"); // [MQTT-3.1.2-3] [MQTT5-3.1.2-3]
        }
        if (willQos == 3) {
            throw BadPacket.malformed("will QoS 3"); // [MQTT-3.1.2-14] [MQTT5-3.1.2-12]
        }
        if ((flags & WILL) == 0 && (willQos != 0 || (flags & WILL_RETAIN) != 0)) {
            // [MQTT-3.1.2-13] [MQTT-3.1.2-15] [MQTT5-3.1.2-11] [MQTT5-3.1.2-13]
            throw BadPacket.malformed("will QoS or retain without a will");
        }
        if (version < 5 && (flags & PASSWORD) != 0 && (flags & USER_NAME) == 0) {
            throw BadPacket.malformed("password without user name"); // [MQTT-3.1.2-22]
        }
    }

    private void checkAuthentication(Properties properties) {
        String method = properties.authMethod();
        if (method != null) {
            if (!methods.contains(method)) {
                throw BadPacket.of( // [MQTT5-4.12.0-1]
                        ReasonCodes.BAD_AUTHENTICATION_METHOD, "this authentication method is not supported");
            }
            authentication = new Authentication(method, properties.authData());
        } else if (properties.has(Properties.AUTH_DATA)) {
            throw BadPacket.protocolError("authentication data without a method");
        }
    }

    private String clientId(boolean cleanStart) {
        byte[] bytes = in.stringBytes();
        String clientId = in.decode(bytes, "client identifier");
        if (bytes.length > limits.clientIdBytesMax()) {
            throw BadPacket.of(
                    ReasonCodes.CLIENT_IDENTIFIER_NOT_VALID, "client identifier of " + bytes.length + " bytes");
        }
        if (clientId.isEmpty() && (version == 3 || (version == 4 && !cleanStart))) {
            // [MQTT-3.1.3-7] [MQTT-3.1.3-8] MQTT 3.1 knows no empty one at all.
            throw BadPacket.of(ReasonCodes.CLIENT_IDENTIFIER_NOT_VALID, "empty client identifier");
        }
        return clientId;
    }

    private NewWill will(int flags) {
        Properties properties = version == 5 ? Properties.read(in, Properties.IN_WILL) : Properties.NONE;
        String topic = in.string("will topic");
        TopicChecks.name(topic, "will topic");
        byte[] payload = in.binary();
        if (topic.charAt(0) == '$' || TopicChecks.exceeds(topic, limits.topicLevelsMax())) {
            throw BadPacket.of(ReasonCodes.TOPIC_NAME_INVALID, "will topic is not accepted");
        }
        boolean retain = (flags & WILL_RETAIN) != 0;
        Message message = new Message(topic, payload, (flags >> 3) & 3, retain, properties.travelling(), 0, 0);
        return new NewWill(message, properties.willDelaySeconds(), properties.messageExpirySeconds());
    }
}
