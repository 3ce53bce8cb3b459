package io.tuskmq.load.client;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.DecoderException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The bytes of the packets that a client sends, and the parts of those that it gets. */
final class Wire {
    static final int CONNACK = 2;
    static final int PUBLISH = 3;
    static final int PUBACK = 4;
    static final int PUBREC = 5;
    static final int PUBREL = 6;
    static final int PUBCOMP = 7;
    static final int SUBACK = 9;
    static final int UNSUBACK = 11;
    static final int PINGRESP = 13;
    static final int DISCONNECT = 14;

    static final int REASON_ERRORS_FROM = 0x80;

    private static final int SESSION_EXPIRY_INTERVAL = 0x11;

    private Wire() {}

    static void connect(ByteBuf out, Credentials credentials, Session session) {
        boolean v5 = credentials.protocol() == Protocol.V5;
        ByteBuf body = out.alloc().buffer();
        try {
            text(body, credentials.protocol().protocolName);
            body.writeByte(credentials.protocol().level);
            Session.Will will = session.will();
            int flags = session.clean() ? 2 : 0;
            if (will != null) {
                flags |= 4 | will.qos() << 3 | (will.retain() ? 0x20 : 0);
            }
            flags |= credentials.user() == null ? 0 : 0x80;
            flags |= credentials.password() == null ? 0 : 0x40;
            body.writeByte(flags);
            body.writeShort(credentials.keepAliveSeconds());
            if (v5) {
                if (session.clean()) {
                    body.writeByte(0);
                } else {
                    body.writeByte(5).writeByte(SESSION_EXPIRY_INTERVAL).writeInt((int) credentials.expirySeconds());
                }
            }
            text(body, session.clientId());
            if (will != null) {
                if (v5) {
                    body.writeByte(0);
                }
                text(body, will.topic());
                body.writeShort(will.payload().length).writeBytes(will.payload());
            }
            optional(
                    body, credentials.user() == null ? null : credentials.user().replace("{id}", session.clientId()));
            optional(body, credentials.password());
            out.writeByte(0x10);
            length(out, body.readableBytes());
            out.writeBytes(body);
        } finally {
            body.release();
        }
    }

    private static void optional(ByteBuf out, @Nullable String text) {
        if (text != null) {
            text(out, text);
        }
    }

    static void publish(ByteBuf out, Outgoing message, boolean dup, boolean v5, Payloads payloads) {
        Flow flow = message.flow();
        int length = 2 + flow.topic().length + (flow.qos() > 0 ? 2 : 0) + (v5 ? 1 : 0) + flow.payloadBytes();
        out.ensureWritable(length + 5);
        out.writeByte(0x30 | (dup ? 8 : 0) | flow.qos() << 1 | (flow.retain() ? 1 : 0));
        length(out, length);
        out.writeShort(flow.topic().length).writeBytes(flow.topic());
        if (flow.qos() > 0) {
            out.writeShort(message.packetId);
        }
        if (v5) {
            out.writeByte(0);
        }
        payloads.write(out, message);
    }

    static void subscribe(ByteBuf out, int packetId, List<String> filters, int options, boolean v5) {
        int length = 2 + (v5 ? 1 : 0);
        for (String filter : filters) {
            length += 3 + filter.getBytes(StandardCharsets.UTF_8).length;
        }
        out.writeByte(0x82);
        length(out, length);
        out.writeShort(packetId);
        if (v5) {
            out.writeByte(0);
        }
        for (String filter : filters) {
            text(out, filter);
            out.writeByte(options);
        }
    }

    /** PUBACK, PUBREC, PUBREL or PUBCOMP; in MQTT 5 the short form says success. */
    static void acknowledge(ByteBuf out, int type, int packetId) {
        out.writeInt((type << 4 | (type == PUBREL ? 2 : 0)) << 24 | 2 << 16 | packetId);
    }

    static void ping(ByteBuf out) {
        out.writeShort(0xC000);
    }

    static void disconnect(ByteBuf out) {
        out.writeShort(0xE000);
    }

    private static void text(ByteBuf out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeShort(bytes.length).writeBytes(bytes);
    }

    private static void length(ByteBuf out, int length) {
        int rest = length;
        while (rest > 0x7F) {
            out.writeByte((rest & 0x7F) | 0x80);
            rest >>= 7;
        }
        out.writeByte(rest);
    }

    /** Reads a number of up to four bytes. */
    static int variable(ByteBuf in) {
        int value = 0;
        for (int shift = 0; shift <= 21; shift += 7) {
            int digit = in.readUnsignedByte();
            value |= (digit & 0x7F) << shift;
            if (digit < 0x80) {
                return value;
            }
        }
        throw new DecoderException("a length of more than four bytes");
    }

    /** Of a SUBACK the first code that is no granted QoS; 0 when there is none. */
    static int refusedSubscription(ByteBuf in, int end, boolean v5) {
        in.skipBytes(2);
        if (v5) {
            in.skipBytes(variable(in));
        }
        while (in.readerIndex() < end) {
            int code = in.readUnsignedByte();
            if (code > 2) {
                return code;
            }
        }
        return 0;
    }

    /** Of CONNACK's properties the Receive Maximum; 65,535 when it isn't among them. */
    static int receiveMaximum(ByteBuf in) {
        int end = variable(in);
        end += in.readerIndex();
        int maximum = 65_535;
        while (in.readerIndex() < end) {
            switch (in.readUnsignedByte()) {
                case 0x21 -> maximum = in.readUnsignedShort();
                case 0x11, 0x27 -> in.skipBytes(4);
                case 0x13, 0x22 -> in.skipBytes(2);
                case 0x24, 0x25, 0x28, 0x29, 0x2A -> in.skipBytes(1);
                case 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F -> in.skipBytes(in.readUnsignedShort());
                case 0x26 -> {
                    in.skipBytes(in.readUnsignedShort());
                    in.skipBytes(in.readUnsignedShort());
                }
                default -> throw new DecoderException("an unknown property in CONNACK");
            }
        }
        return maximum;
    }
}
