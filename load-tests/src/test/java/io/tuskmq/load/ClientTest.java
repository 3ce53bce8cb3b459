package io.tuskmq.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.load.client.Client;
import io.tuskmq.load.client.Events;
import io.tuskmq.load.client.Flow;
import io.tuskmq.load.client.Incoming;
import io.tuskmq.load.client.Network;
import io.tuskmq.load.client.Outgoing;
import io.tuskmq.load.client.Payloads;
import io.tuskmq.load.client.Protocol;
import io.tuskmq.load.client.Session;
import io.tuskmq.load.client.Target;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ClientTest {
    private static final byte[] TOPIC = "a/b".getBytes(StandardCharsets.UTF_8);

    /** Writes down what a client tells. */
    private static final class Diary implements Events {
        final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

        @Override
        public void delivered(Client client, Incoming message) {
            lines.add("delivered " + message.topic() + " " + message.qos() + " " + message.stream() + " "
                    + message.number() + " " + message.payloadBytes() + " " + message.isOf(77));
        }

        @Override
        public void acknowledged(Client client, Outgoing message) {
            lines.add("acknowledged " + message.number());
        }

        @Override
        public void refused(Client client, Outgoing message, int reason) {
            lines.add("refused " + message.number() + " " + Integer.toHexString(reason));
        }

        @Override
        public void resent(Client client, Outgoing message) {
            lines.add("resent " + message.number());
        }

        @Override
        public void closed(Client client, Throwable cause) {
            lines.add("closed");
        }

        String next() throws InterruptedException {
            String line = lines.poll(10, TimeUnit.SECONDS);
            return line == null ? "nothing" : line;
        }
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(10, TimeUnit.SECONDS);
    }

    private static Network network(Protocol protocol) {
        return new Network(Network.Settings.plain(protocol), new Payloads(77));
    }

    private static void publish(Client client, int qos, int number) {
        client.loop().execute(() -> {
            client.publish(new Outgoing(new Flow(5, TOPIC, qos, false, 300), number, System.nanoTime()));
            client.flush();
        });
    }

    @ParameterizedTest
    @EnumSource(Protocol.class)
    void carriesEachQosInEachVersionThoughEachByteComesAlone(Protocol protocol) throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(ScriptedBroker.Fault.NONE, true);
                Network network = network(protocol)) {
            Diary diary = new Diary();
            Client client = network.client(0, Target.of(broker.address()), Session.clean("c"), diary);
            assertFalse(get(client.connect()));
            get(client.subscribe(List.of("a/b"), 2));
            for (int qos = 0; qos <= 2; qos++) {
                publish(client, qos, qos);
                assertEquals("delivered a/b " + qos + " 5 " + qos + " 300 true", diary.next());
                if (qos > 0) {
                    assertEquals("acknowledged " + qos, diary.next());
                }
            }
            get(client.disconnect());
            assertTrue(diary.lines.isEmpty(), "it was asked to go");
            assertTrue(broker.sees("disconnect"), "DISCONNECT was sent");
        }
    }

    @Test
    void keepsToTheReceiveMaximumOfMqtt5() throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(ScriptedBroker.Fault.NONE, false);
                Network network = network(Protocol.V5)) {
            broker.isAcking = false;
            Client client = network.client(0, Target.of(broker.address()), Session.clean("c"), new Diary());
            get(client.connect());
            for (int i = 0; i < ScriptedBroker.RECEIVE_MAXIMUM; i++) {
                assertTrue(hasRoom(client));
                publish(client, 1, i);
            }
            assertFalse(hasRoom(client));
        }
    }

    private static boolean hasRoom(Client client) throws Exception {
        return get(CompletableFuture.supplyAsync(() -> client.hasRoom(1), client.loop()));
    }

    @Test
    void sendsWhatWasNotAcknowledgedAgainInItsOrder() throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(ScriptedBroker.Fault.NONE, false);
                Network network = network(Protocol.V3_1_1)) {
            broker.isAcking = false;
            broker.sessionPresent = true;
            Diary diary = new Diary();
            Client client = network.client(0, Target.of(broker.address()), Session.persistent("c"), diary);
            assertTrue(get(client.connect()));
            publish(client, 1, 0);
            publish(client, 2, 1);
            assertTrue(get(CompletableFuture.supplyAsync(client::isConnected, client.loop())));
            assertTrue(broker.sees("publish 2"));
            broker.breakConnections();
            assertEquals("closed", diary.next());
            broker.isAcking = true;
            get(client.connect());
            assertEquals("resent 0", diary.next());
            assertEquals("resent 1", diary.next());
            assertEquals("acknowledged 0", diary.next());
            assertEquals("acknowledged 1", diary.next());
            assertTrue(broker.sees("dup 1") && broker.sees("dup 2"), broker.seen::toString);
        }
    }

    @Test
    void tellsWhatMqtt5Refuses() throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(ScriptedBroker.Fault.REFUSE, false);
                Network network = network(Protocol.V5)) {
            Diary diary = new Diary();
            Client client = network.client(0, Target.of(broker.address()), Session.clean("c"), diary);
            get(client.connect());
            for (int i = 1; i <= ScriptedBroker.FAULT_AT; i++) {
                publish(client, 1, i);
                assertEquals(i == ScriptedBroker.FAULT_AT ? "refused 40 97" : "acknowledged " + i, diary.next());
            }
        }
    }

    @Test
    void breaksOffWhenTheBrokerAcknowledgesTwice() throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(ScriptedBroker.Fault.ACK_TWICE, false);
                Network network = network(Protocol.V3_1_1)) {
            Diary diary = new Diary();
            Client client = network.client(0, Target.of(broker.address()), Session.clean("c"), diary);
            get(client.connect());
            for (int i = 1; i <= ScriptedBroker.FAULT_AT; i++) {
                publish(client, 1, i);
                assertEquals("acknowledged " + i, diary.next());
            }
            assertEquals("closed", diary.next());
        }
    }

    @Test
    void failsWhereNobodyListens() throws Exception {
        String address;
        try (ScriptedBroker broker = new ScriptedBroker(ScriptedBroker.Fault.NONE, false)) {
            address = broker.address();
        }
        try (Network network = network(Protocol.V3_1_1)) {
            Client client = network.client(0, Target.of(address), Session.clean("c"), new Diary());
            ExecutionException problem = assertThrows(ExecutionException.class, () -> get(client.connect()));
            assertTrue(String.valueOf(problem.getMessage()).contains(address), problem::getMessage);
        }
    }
}
