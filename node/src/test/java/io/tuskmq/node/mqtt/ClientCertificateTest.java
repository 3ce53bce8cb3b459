package io.tuskmq.node.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tuskmq.node.TestNode;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A client's certificate at a node: its name is the principal, which rules know. */
@ExtendWith(PostgresExtension.class)
class ClientCertificateTest {
    private static RawClient connect(SSLContext context, int port) throws IOException {
        return connect(context, "c", port);
    }

    private static RawClient connect(SSLContext context, String clientId, int port) throws IOException {
        Socket socket = context.getSocketFactory().createSocket("localhost", port);
        RawClient client = new RawClient(socket);
        client.send(Packets.connectV5(clientId));
        return client;
    }

    @Test
    void theNameInTheCertificateIsThePrincipal(TestDatabase database, @TempDir Path dir) throws Exception {
        TestCertificate certificate = TestCertificate.make(dir);
        database.execute("INSERT INTO acl_rule (allow, actions, topic) VALUES (true, 'publish', 'of/%u')");
        try (TestNode node = new TestNode(
                database,
                "auth.chain",
                "mtls",
                "mqtt.tls.port",
                "0",
                "mqtt.tls.cert",
                certificate.certificateFile().toString(),
                "mqtt.tls.key",
                certificate.keyFile().toString(),
                "mqtt.tls.ca",
                certificate.certificateFile().toString())) {
            try (RawClient shows = connect(certificate.clientContextWithCertificate(), node.tlsPort())) {
                assertEquals(0, shows.read().u8(1), "CONNACK");
                shows.send(Packets.publishV5(1, 1, "of/localhost", Packets.properties(), "x"));
                assertEquals("40 03 00 01 10", shows.read().wire());
                shows.send(Packets.publishV5(1, 2, "of/another", Packets.properties(), "x"));
                assertEquals("40 03 00 02 87", shows.read().wire());
            }
            try (RawClient showsNone = connect(certificate.clientContext(), node.tlsPort())) {
                assertEquals(0x87, showsNone.read().u8(1), "CONNACK");
            }
            try (RawClient plain = RawClient.connect(node.port())) {
                plain.send(Packets.connectV5("c"));
                assertEquals(0x87, plain.read().u8(1), "CONNACK");
            }
        }
    }

    /** Whoever holds a stolen key must not go on with it for as long as a connection lasts. */
    @Test
    void aClientWhoseCertificateIsRevokedIsShownOut(TestDatabase database, @TempDir Path dir) throws Exception {
        TestAuthority authority = new TestAuthority(dir);
        for (String name : new String[] {"broker", "stays", "stolen"}) {
            authority.sign(name);
        }
        Path list = authority.revoke("list.pem", 1);
        try (TestNode node = new TestNode(
                        database,
                        "auth.chain",
                        "mtls",
                        "mqtt.tls.port",
                        "0",
                        "mqtt.tls.cert",
                        file(dir, "cert.pem", authority.certificatePem("broker")),
                        "mqtt.tls.key",
                        file(dir, "key.pem", authority.keyPem("broker")),
                        "mqtt.tls.ca",
                        authority.authorityFile().toString(),
                        "mqtt.tls.crl",
                        list.toString());
                RawClient stays = connect(authority.client("stays"), "stays", node.tlsPort());
                RawClient stolen = connect(authority.client("stolen"), "stolen", node.tlsPort())) {
            stolen.socket().setSoTimeout(30_000);
            assertEquals(0, stays.read().u8(1), "CONNACK");
            assertEquals(0, stolen.read().u8(1), "CONNACK");
            Files.move(authority.revoke("next.pem", 1, "stolen"), list, StandardCopyOption.REPLACE_EXISTING);
            assertEquals(0x87, stolen.read().u8(0), "DISCONNECT");
            stays.ping();
        }
    }

    private static String file(Path dir, String name, String content) throws IOException {
        return Files.writeString(dir.resolve(name), content).toString();
    }
}
