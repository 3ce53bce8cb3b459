package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.auth.ScramProof;
import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.cluster.Await;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Users and rules by commands, as processes, while a node runs on the embedded database. */
class AccessProcessTest {
    private static final int WITH_CREDENTIALS = 0xC2;
    private static final Duration LOGGED = Duration.ofSeconds(30);

    @TempDir
    Path dir;

    private List<String> command(String input, int exitCode, String... words) throws Exception {
        try (NodeProcess p = NodeProcess.run(dir, words)) {
            p.process().getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
            p.process().getOutputStream().close();
            assertEquals(exitCode, p.awaitExit(), p.log());
            assertFalse(p.log().contains("geheim"), p.log());
            return p.output();
        }
    }

    private static String connack(int port, String user, String password) throws IOException {
        try (RawClient client = RawClient.connect(port)) {
            client.send(Packets.connect4(
                    WITH_CREDENTIALS, 0, Packets.string("c"), Packets.string(user), Packets.string(password)));
            return client.read().hex();
        }
    }

    @Test
    void usersAndRulesAreHandledWhileANodeRuns() throws Exception {
        try (NodeProcess node = NodeProcess.run(
                dir, "start", "--mqtt.port=0", "--http.port=0", "--mqtt.websocket.port=off", "--auth.chain=users")) {
            String ready = node.awaitReady();
            int port = Integer.parseInt(ready.replaceAll("ready mqtt=[^ ]*:([0-9]+) .*", "$1"));
            assertEquals("20 00 04", connack(port, "alice", "geheim"));
            command("geheim\n", 0, "user", "add", "alice");
            assertEquals("20 00 00", connack(port, "alice", "geheim"));
            command("geheim\n", 2, "user", "add", "alice");
            command("", 2, "user", "passwd", "alice");
            command("geheim2\n", 0, "user", "passwd", "alice");
            assertEquals("20 00 04", connack(port, "alice", "geheim"));
            assertEquals("20 00 00", connack(port, "alice", "geheim2"));
            assertEquals(List.of("alice"), command("", 0, "user", "list"));
            List<String> rule = command("", 0, "acl", "add", "allow publish a/# principal=alice", "5");
            assertEquals(List.of("rule 1"), rule);
            assertEquals(List.of("1\t5\tallow publish a/# principal=alice"), command("", 0, "acl", "list"));
            command("", 2, "acl", "add", "allow publish a/#/b");
            command("", 0, "acl", "remove", "1");
            command("", 0, "user", "remove", "alice");
            assertEquals("20 00 04", connack(port, "alice", "geheim2"));
            List<JsonObject> audit = audit(node).stream().map(JsonObject::new).toList();
            assertTrue(audit.stream().anyMatch(line -> line.getString("event").equals("login")), node.log());
            assertTrue(audit.stream().anyMatch(line -> line.getString("event").equals("refused")), node.log());
            assertFalse(node.log().contains("geheim"), node.log());
        }
    }

    /** The command keeps what SCRAM needs; the node logs neither password nor proof. */
    @Test
    void aPasswordThatACommandSetIsProvedByScram() throws Exception {
        try (NodeProcess node = NodeProcess.run(
                dir,
                "start",
                "--mqtt.port=0",
                "--http.port=0",
                "--mqtt.websocket.port=off",
                "--auth.chain=users",
                "--auth.scram=true")) {
            int port = Integer.parseInt(node.awaitReady().replaceAll("ready mqtt=[^ ]*:([0-9]+) .*", "$1"));
            command("geheim\n", 0, "user", "add", "alice");
            assertEquals(0, scram(port, "geheim"));
            command("geheim2\n", 0, "user", "passwd", "alice");
            assertEquals(0x87, scram(port, "geheim"));
            assertEquals(0, scram(port, "geheim2"));
            Await.until("both logins are logged", LOGGED, () -> byScram(audit(node)) >= 2, node::log);
            List<String> audit = audit(node);
            assertEquals(2, byScram(audit), node.log());
            assertTrue(audit.stream().anyMatch(line -> line.contains("\"event\":\"refused\"")), node.log());
            assertFalse(node.log().contains("geheim") || node.log().contains("c=biws"), node.log());
        }
    }

    /** The whole lines so far: the node writes them after its answer, and on. */
    private static List<String> audit(NodeProcess node) {
        return node.log()
                .lines()
                .filter(line -> line.startsWith("{") && line.endsWith("}"))
                .toList();
    }

    private static long byScram(List<String> audit) {
        return audit.stream().filter(line -> line.contains("\"by\":\"scram\"")).count();
    }

    /** The reason of the CONNACK. */
    private static int scram(int port, String password) throws Exception {
        ScramProof proof = new ScramProof("alice", password);
        byte[] method = Packets.property(0x15, Packets.string("SCRAM-SHA-256"));
        try (RawClient client = RawClient.connect(port)) {
            client.send(Packets.connectV5("c", method, Packets.property(0x16, Packets.binary(proof.first()))));
            byte[] asked = client.read().body(); // reason, length of properties (two bytes), method, data
            int data = 1 + 1 + (asked[1] < 0 ? 1 : 0) + method.length + 3;
            byte[] last = proof.last(Arrays.copyOfRange(asked, data, asked.length));
            client.send(Packets.packet(
                    0xF0, Packets.u8(0x18), Packets.properties(method, Packets.property(0x16, Packets.binary(last)))));
            return client.read().u8(1);
        }
    }

    /** 0.0.0.0 is open to the network: without any user nobody gets in. */
    @Test
    void onOtherAddressesThanLoopbackCredentialsAreDemanded() throws Exception {
        try (NodeProcess node = NodeProcess.run(
                dir, "start", "--mqtt.host=0.0.0.0", "--mqtt.port=0", "--http.port=0", "--mqtt.websocket.port=off")) {
            int port = Integer.parseInt(node.awaitReady().replaceAll("ready mqtt=[^ ]*:([0-9]+) .*", "$1"));
            assertEquals("20 00 04", connack(port, "alice", "x"));
            try (RawClient client = RawClient.connect(port)) {
                client.send(Packets.connect("c"));
                assertEquals("20 00 05", client.read().hex());
            }
        }
    }
}
