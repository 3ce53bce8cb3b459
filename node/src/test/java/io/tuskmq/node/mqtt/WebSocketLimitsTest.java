package io.tuskmq.node.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.session.ConnectionHandler.CloseCause;
import java.io.IOException;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a WebSocket may carry (I9). */
class WebSocketLimitsTest extends ListenerTest {
    private static MqttOptions.Limits limits(int frameBytes, int connectMillis) {
        MqttOptions.Limits d = MqttOptions.Limits.DEFAULT;
        return new MqttOptions.Limits(
                d.packetBytesMax(),
                frameBytes,
                connectMillis,
                0,
                d.receiveMax(),
                d.topicAliasMax(),
                d.topicLevelsMax(),
                d.clientIdBytesMax(),
                d.writeLowBytes(),
                d.writeHighBytes(),
                d.queuedBytesMax(),
                d.stalledMillisMax(),
                d.arrivals(),
                d.publishRate(),
                d.reauthenticationsPerMinuteMax());
    }

    private MqttListener listener(MqttOptions.Limits limits) {
        var ports = new MqttOptions.Ports(MqttOptions.OFF, 0, MqttOptions.OFF, MqttOptions.OFF);
        return listen(new MqttOptions("127.0.0.1", ports, null, 1, limits, List.of()));
    }

    private RawClient upgraded(int port) throws IOException {
        RawClient client = client(port);
        client.send(WebSocketBytes.upgrade());
        WebSocketBytes.readUpgraded(client.socket().getInputStream());
        return client;
    }

    /** Sends until the broker has had enough. */
    private static boolean endsWhile(Socket socket, byte[] frame) throws IOException {
        socket.setSoTimeout(5);
        for (int i = 0; i < 2_000; i++) {
            try {
                socket.getOutputStream().write(frame);
                if (socket.getInputStream().read(new byte[1_024]) < 0) {
                    return true;
                }
            } catch (java.net.SocketTimeoutException e) {
                assertFalse(socket.isClosed()); // nothing yet: the next frame
            } catch (java.net.SocketException e) {
                return true;
            }
        }
        return false;
    }

    @Test
    @DisplayName("a frame above the limit ends the connection, and is counted; one at the limit is taken")
    void boundsFrames() throws IOException {
        MqttListener listener = listener(limits(1_024, 10_000));
        RawClient good = upgraded(listener.webSocketPort());
        good.send(WebSocketBytes.binary(Packets.connect("c")));
        good.send(WebSocketBytes.frame(2, true, new byte[1_024]));
        assertEquals(
                CloseCause.PROTOCOL_ERROR, RecordingHandler.next(handler.closed).cause(), "zeros are no packet");
        long before = listener.counters().badPackets();
        RawClient large = upgraded(listener.webSocketPort());
        large.send(WebSocketBytes.binary(Packets.connect("l")));
        large.sendToTheEnd(WebSocketBytes.frame(2, true, new byte[1_025]));
        assertEquals(CloseCause.IO, RecordingHandler.next(handler.closed).cause());
        assertEquals(before + 1, listener.counters().badPackets());
    }

    @Test
    @DisplayName("fragments without end before the CONNECT end at its deadline")
    void boundsFragmentsBeforeConnect() throws IOException {
        MqttListener listener = listener(limits(1_024, 500));
        RawClient client = upgraded(listener.webSocketPort());
        client.send(WebSocketBytes.frame(2, false, new byte[0]));
        assertTrue(endsWhile(client.socket(), WebSocketBytes.frame(0, false, new byte[0])));
        assertTrue(handler.connects.isEmpty());
    }

    @Test
    @DisplayName("fragments without end are no packet: keep-alive runs on")
    void boundsFragmentsAfterConnect() throws IOException {
        MqttListener listener = listener(limits(1_024, 10_000));
        RawClient client = upgraded(listener.webSocketPort());
        client.send(WebSocketBytes.binary(Packets.connect4(0x02, 1, Packets.string("c"))));
        client.send(WebSocketBytes.frame(2, false, Packets.hex("30 7f 00 01 61")));
        assertTrue(endsWhile(client.socket(), WebSocketBytes.frame(0, false, new byte[0])));
        assertEquals(
                CloseCause.KEEP_ALIVE, RecordingHandler.next(handler.closed).cause());
    }
}
