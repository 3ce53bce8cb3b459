package io.tuskmq.node.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hivemq.client.mqtt.MqttClient;
import com.hivemq.client.mqtt.datatypes.MqttUtf8String;
import com.hivemq.client.mqtt.mqtt5.Mqtt5AsyncClient;
import com.hivemq.client.mqtt.mqtt5.Mqtt5ClientConfig;
import com.hivemq.client.mqtt.mqtt5.auth.Mqtt5EnhancedAuthMechanism;
import com.hivemq.client.mqtt.mqtt5.exceptions.Mqtt5ConnAckException;
import com.hivemq.client.mqtt.mqtt5.message.auth.Mqtt5Auth;
import com.hivemq.client.mqtt.mqtt5.message.auth.Mqtt5AuthBuilder;
import com.hivemq.client.mqtt.mqtt5.message.auth.Mqtt5EnhancedAuth;
import com.hivemq.client.mqtt.mqtt5.message.auth.Mqtt5EnhancedAuthBuilder;
import com.hivemq.client.mqtt.mqtt5.message.connect.Mqtt5Connect;
import com.hivemq.client.mqtt.mqtt5.message.connect.connack.Mqtt5ConnAck;
import com.hivemq.client.mqtt.mqtt5.message.connect.connack.Mqtt5ConnAckReasonCode;
import com.hivemq.client.mqtt.mqtt5.message.disconnect.Mqtt5Disconnect;
import com.ongres.scram.common.exception.ScramException;
import io.tuskmq.node.TestNode;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.ExtendWith;

/** SCRAM-SHA-256 of the HiveMQ MQTT client, and of a client that is too slow for a node. */
@ExtendWith(PostgresExtension.class)
@TestInstance(Lifecycle.PER_CLASS)
class ScramLibraryTest {
    private static final int TIMEOUT_SECONDS = 3;

    private TestNode node;

    @BeforeAll
    void start(TestDatabase database) throws SQLException {
        node = new TestNode(
                database, "auth.scram", "true", "mqtt.connect-timeout-seconds", Integer.toString(TIMEOUT_SECONDS));
        Knock.addScramUser(database, "alice", "secret");
    }

    @AfterAll
    void stop() {
        node.close();
    }

    /** What the library asks of a mechanism. */
    private static final class Mechanism implements Mqtt5EnhancedAuthMechanism {
        private final String password;
        private final List<String> events = new ArrayList<>();
        private ScramProof proof;

        Mechanism(String password) {
            this.password = password;
            this.proof = new ScramProof("alice", password);
        }

        private static CompletableFuture<Boolean> done(boolean result) {
            return CompletableFuture.completedFuture(result);
        }

        private static byte[] data(Mqtt5EnhancedAuth said) {
            ByteBuffer buffer = said.getData().orElseThrow();
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            return bytes;
        }

        private CompletableFuture<Boolean> check(Mqtt5EnhancedAuth said) {
            try {
                proof.check(data(said));
                return done(true);
            } catch (ScramException e) {
                return CompletableFuture.failedFuture(e);
            }
        }

        @Override
        public MqttUtf8String getMethod() {
            return MqttUtf8String.of("SCRAM-SHA-256");
        }

        @Override
        public int getTimeout() {
            return 30;
        }

        @Override
        public CompletableFuture<Void> onAuth(
                Mqtt5ClientConfig config, Mqtt5Connect connect, Mqtt5EnhancedAuthBuilder builder) {
            builder.data(proof.first());
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletableFuture<Boolean> onContinue(
                Mqtt5ClientConfig config, Mqtt5Auth auth, Mqtt5AuthBuilder builder) {
            try {
                builder.data(proof.last(data(auth)));
                return done(true);
            } catch (ScramException e) {
                return CompletableFuture.failedFuture(e);
            }
        }

        @Override
        public CompletableFuture<Boolean> onAuthSuccess(Mqtt5ClientConfig config, Mqtt5ConnAck connAck) {
            events.add("proved");
            return check(connAck.getEnhancedAuth().orElseThrow());
        }

        @Override
        public CompletableFuture<Void> onReAuth(Mqtt5ClientConfig config, Mqtt5AuthBuilder builder) {
            proof = new ScramProof("alice", password);
            builder.data(proof.first());
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletableFuture<Boolean> onReAuthSuccess(Mqtt5ClientConfig config, Mqtt5Auth auth) {
            events.add("proved again");
            return check(auth);
        }

        @Override
        public void onAuthRejected(Mqtt5ClientConfig config, Mqtt5ConnAck connAck) {
            events.add("rejected");
        }

        @Override
        public void onReAuthRejected(Mqtt5ClientConfig config, Mqtt5Disconnect disconnect) {
            events.add("rejected again");
        }

        @Override
        public void onAuthError(Mqtt5ClientConfig config, Throwable cause) {
            events.add("error " + cause);
        }

        @Override
        public void onReAuthError(Mqtt5ClientConfig config, Throwable cause) {
            events.add("error again " + cause);
        }
    }

    private Mqtt5AsyncClient client(Mechanism mechanism) {
        return MqttClient.builder()
                .useMqttVersion5()
                .identifier("library")
                .serverHost("127.0.0.1")
                .serverPort(node.port())
                .enhancedAuth(mechanism)
                .buildAsync();
    }

    @Test
    void aClientLibraryProvesItsUserAndDoesSoAgain() throws Exception {
        Mechanism mechanism = new Mechanism("secret");
        Mqtt5AsyncClient client = client(mechanism);
        client.connect().get(30, TimeUnit.SECONDS);
        client.reauth().get(30, TimeUnit.SECONDS);
        client.subscribeWith().topicFilter("a").send().get(30, TimeUnit.SECONDS);
        client.disconnect().get(30, TimeUnit.SECONDS);
        assertEquals(List.of("proved", "proved again"), mechanism.events);
    }

    @Test
    void aClientLibraryHearsThatItsPasswordIsWrong() {
        Mechanism mechanism = new Mechanism("wrong");
        Mqtt5AsyncClient client = client(mechanism);
        CompletionException failure =
                assertThrows(CompletionException.class, () -> client.connect().join());
        assertTrue(failure.getCause() instanceof Mqtt5ConnAckException, failure::toString);
        assertEquals(
                Mqtt5ConnAckReasonCode.NOT_AUTHORIZED,
                ((Mqtt5ConnAckException) failure.getCause()).getMqttMessage().getReasonCode());
        assertEquals(List.of("rejected"), mechanism.events);
    }

    /** The time for the CONNECT is that of the whole exchange. */
    @Test
    void anExchangeThatIsNotEndedInTimeIsCutOff() throws Exception {
        long begun = System.nanoTime(); // before the connection: the broker's clock starts later
        ScramClient slow = ScramClient.begin(node.port(), "slow", "alice", "secret");
        slow.asked();
        assertEquals(Optional.empty(), slow.client.readToTheEnd());
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
        assertTrue(millis >= TIMEOUT_SECONDS * 900L, "after " + millis + " ms");
        ScramClient.connected(node.port(), "slow", "alice", "secret").client.ping();
    }
}
