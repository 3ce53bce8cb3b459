package io.tuskmq.node.auth;

import static io.tuskmq.node.mqtt.Packets.binary;
import static io.tuskmq.node.mqtt.Packets.connect4;
import static io.tuskmq.node.mqtt.Packets.connect5;
import static io.tuskmq.node.mqtt.Packets.properties;
import static io.tuskmq.node.mqtt.Packets.string;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.storage.testing.TestDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.HexFormat;

/** CONNECTs with credentials, and the rows that they are compared with. */
final class Knock {
    private static final int CLEAN = 0x02;
    private static final int WITH_USER = 0x80;
    private static final int WITH_PASSWORD = 0x40;
    private static final int PATIENCE_MILLIS = 30_000;

    private Knock() {}

    static void addUser(TestDatabase database, String name, String password) throws SQLException {
        database.execute("INSERT INTO mqtt_user (name, password_hash) VALUES ('%s', '%s')"
                .formatted(name, PasswordHash.of(password.getBytes(StandardCharsets.UTF_8))));
    }

    /** With keys of SCRAM of the fewest rounds that are allowed: clients of tests have other things to do. */
    static void addScramUser(TestDatabase database, String name, String password) throws SQLException {
        addUser(database, name, password);
        setScramPassword(database, name, password);
    }

    /** The password for SCRAM alone. */
    static void setScramPassword(TestDatabase database, String name, String password) throws SQLException {
        var keys = ScramSha256.keys(password, name.repeat(16).substring(0, 16).getBytes(StandardCharsets.UTF_8), 4_096);
        HexFormat hex = HexFormat.of();
        database.execute("UPDATE mqtt_user SET scram_salt = '\\x%s', scram_iterations = %d, scram_stored_key = '\\x%s',"
                        .formatted(hex.formatHex(keys.salt()), keys.iterations(), hex.formatHex(keys.storedKey()))
                + " scram_server_key = '\\x%s' WHERE name = '%s'".formatted(hex.formatHex(keys.serverKey()), name));
    }

    /** In the order in which they are added. */
    static void addRule(TestDatabase database, String line) throws SQLException {
        var row = AclText.rule(line).toRow(0);
        database.execute("""
                INSERT INTO acl_rule (allow, actions, topic, principal, client_id, address, qos)
                VALUES (%s, '%s', '%s', '%s', '%s', CAST(nullif('%s', '') AS cidr), '%s')""".formatted(
                row.allow(), row.actions(), row.topic(), row.principal(), row.clientId(), row.address(), row.qos()));
    }

    private static RawClient open(int port) throws IOException {
        RawClient client = RawClient.connect(port);
        client.socket().setSoTimeout(PATIENCE_MILLIS);
        return client;
    }

    /** MQTT 3.1.1, cleanSession=1; the CONNACK has not been read. */
    static RawClient v3(int port, String clientId, String user, String password) throws IOException {
        RawClient client = open(port);
        client.send(connect4(CLEAN | WITH_USER | WITH_PASSWORD, 0, string(clientId), string(user), utf8(password)));
        return client;
    }

    static RawClient v5(int port, String clientId, String user, String password) throws IOException {
        RawClient client = open(port);
        client.send(connect5(
                CLEAN | WITH_USER | WITH_PASSWORD, 0, properties(), string(clientId), string(user), utf8(password)));
        return client;
    }

    /** MQTT 3.1.1, cleanSession=0. */
    static RawClient stored(int port, String clientId, String user, String password) throws IOException {
        RawClient client = open(port);
        client.send(connect4(WITH_USER | WITH_PASSWORD, 0, string(clientId), string(user), utf8(password)));
        return client;
    }

    static RawClient withoutCredentials(int port, String clientId) throws IOException {
        RawClient client = open(port);
        client.send(Packets.connect(clientId));
        return client;
    }

    static byte[] utf8(String text) {
        return binary(text.getBytes(StandardCharsets.UTF_8));
    }
}
