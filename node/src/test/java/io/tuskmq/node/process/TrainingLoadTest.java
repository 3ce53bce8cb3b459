package io.tuskmq.node.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.training.TrainingLoad;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The load of {@code tuskmq train}: it knows MQTT well enough to come to its end. */
@ExtendWith(PostgresExtension.class)
class TrainingLoadTest {
    /** The default of a node. */
    private static final int RECEIVE_MAXIMUM = 256;

    private static final String TOPIC = "training/clients/clean-7";

    @Test
    void comesToItsEnd(TestDatabase database) throws IOException {
        try (LibraryNode node = new LibraryNode(database, RECEIVE_MAXIMUM)) {
            TrainingLoad.run(new InetSocketAddress(InetAddress.getLoopbackAddress(), node.port()), 5);
            try (RawClient phone = RawMqtt.clean(node.port(), "phone")) {
                RawMqtt.subscribe(phone, TOPIC, 1);
                assertEquals(TOPIC, RawMqtt.take(phone).topic(), "a retained message was published");
            }
        }
    }

    @Test
    void saysWhatStoodInItsWay() throws IOException {
        InetSocketAddress nobody;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = new InetSocketAddress(socket.getInetAddress(), socket.getLocalPort());
        }
        IOException failure = assertThrows(IOException.class, () -> TrainingLoad.run(nobody, 1));
        assertEquals("the training load failed: java.net.ConnectException: Connection refused", failure.getMessage());
    }
}
