package io.tuskmq.load.client;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.DecoderException;

/** A client's messages with QoS 1 and 2 that are on their way: their handshakes, and what is sent again. Lives with the session. */
final class Sending {
    private final Window window;
    private final Payloads payloads;
    private boolean gaveRoom;

    Sending(int messagesMax, Payloads payloads) {
        this.window = new Window(messagesMax);
        this.payloads = payloads;
    }

    int inFlight() {
        return window.used();
    }

    int messagesMax() {
        return window.messagesMax();
    }

    /** Gives the message a packet id. */
    void begin(Outgoing message) {
        message.awaits = message.flow().qos() == 1 ? Outgoing.Awaits.PUBACK : Outgoing.Awaits.PUBREC;
        window.take(message);
    }

    /** Whether packet ids have become free since the last call. */
    boolean gaveRoom() {
        boolean gave = gaveRoom;
        gaveRoom = false;
        return gave;
    }

    void answered(Client client, int type, ByteBuf in, int end) {
        int packetId = in.readUnsignedShort();
        int reason = client.isV5() && end > in.readerIndex() ? in.readUnsignedByte() : 0;
        Outgoing message = window.get(packetId);
        boolean isRec = type == Wire.PUBREC;
        if (message == null) {
            if (isRec) {
                Wire.acknowledge(client.out(), Wire.PUBREL, packetId);
                return;
            }
            throw new DecoderException("an acknowledgement of packet " + packetId + ", which nobody waits for");
        }
        Outgoing.Awaits answers =
                type == Wire.PUBACK ? Outgoing.Awaits.PUBACK : isRec ? Outgoing.Awaits.PUBREC : Outgoing.Awaits.PUBCOMP;
        if (isRec && message.awaits == Outgoing.Awaits.PUBCOMP) {
            Wire.acknowledge(client.out(), Wire.PUBREL, packetId);
        } else if (message.awaits != answers) {
            throw new DecoderException("got " + answers + " while waiting for " + message.awaits);
        } else if (reason >= Wire.REASON_ERRORS_FROM && type != Wire.PUBCOMP) {
            window.release(message);
            gaveRoom = true;
            client.events().refused(client, message, reason);
        } else if (isRec) {
            message.awaits = Outgoing.Awaits.PUBCOMP;
            client.events().acknowledged(client, message);
            Wire.acknowledge(client.out(), Wire.PUBREL, packetId);
        } else {
            window.release(message);
            gaveRoom = true;
            if (type == Wire.PUBACK) {
                client.events().acknowledged(client, message);
            }
        }
    }

    /** [MQTT-4.4.0-1] What was not acknowledged is sent again, in its order. */
    void resume(Client client, boolean sessionPresent) {
        for (Outgoing message : window.inOrder()) {
            if (message.awaits == Outgoing.Awaits.PUBCOMP) {
                if (sessionPresent) {
                    Wire.acknowledge(client.out(), Wire.PUBREL, message.packetId);
                } else {
                    window.release(message); // it was acknowledged: the broker answers for it
                }
            } else if (sessionPresent || message.awaits == Outgoing.Awaits.PUBACK) {
                client.events().resent(client, message);
                Wire.publish(client.out(), message, sessionPresent, client.isV5(), payloads);
            } else {
                window.release(message);
                client.events().abandoned(client, message);
            }
        }
    }
}
