package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
    @TempDir
    Path dir;

    static List<Setting<?>> all() {
        return Settings.ALL;
    }

    @ParameterizedTest
    @MethodSource("all")
    void everyDefaultIsAllowedAndEverySettingIsDescribed(Setting<?> setting) {
        setting.parse(setting.byDefault());
        assertTrue(setting.key().matches("[a-z]+(\\.[a-z-]+)+"), setting.key());
        assertTrue(setting.sentence().endsWith("."), setting.sentence());
        assertFalse(setting.sentence().contains("|") || setting.allowed().contains("|"), "breaks the README's table");
        assertFalse(setting.allowed().isBlank());
    }

    @Test
    void keysAndVariablesAreDistinct() {
        assertEquals(
                Settings.ALL.size(),
                new HashSet<>(Settings.ALL.stream().map(Setting::key).toList()).size());
        assertEquals(
                Settings.ALL.size(),
                new HashSet<>(Settings.ALL.stream().map(Setting::variable).toList()).size());
        assertEquals("TUSKMQ_NODE_LEASE_SECONDS", Settings.NODE_LEASE_SECONDS.variable());
    }

    @ParameterizedTest
    @CsvSource({
        "node.name,''",
        "node.name,-x",
        "node.name,a b",
        "node.lease-seconds,1",
        "node.lease-seconds,301",
        "node.lease-seconds,ten",
        "database.url,mysql://u@h/d",
        "database.url,postgresql://h:5432/d",
        "database.pool.size,1",
        "database.start-timeout-seconds,-1",
        "mqtt.host,''",
        "mqtt.host,a/b",
        "mqtt.port,65536",
        "mqtt.port,-1",
        "mqtt.port,off",
        "mqtt.websocket.port,on",
        "mqtt.max-packet-bytes,1023",
        "mqtt.max-packet-bytes,268435456",
        "mqtt.receive-maximum,0",
        "mqtt.receive-maximum,65536",
        "mqtt.topic-alias-maximum,65536",
        "mqtt.keep-alive-max-seconds,65536",
        "session.queue-max-messages,0",
        "session.queue-max-bytes,1",
        "session.expiry-max-seconds,4294967296",
        "log.retention-hours,0",
        "log.lanes,0",
        "log.lanes,17",
        "auth.anonymous,maybe",
        "auth.chain,ldap",
        "auth.threads,0",
        "acl.default,perhaps",
    })
    void refusesAValueOutOfBoundsNamingKeyAndWhatIsAllowed(String key, String value) {
        SettingsException refused = assertThrows(SettingsException.class, () -> Settings.of(Map.of(key, value)));
        assertEquals(1, refused.problems().size());
        String problem = refused.problems().getFirst();
        assertTrue(problem.startsWith(key + ": "), problem);
        assertTrue(
                problem.endsWith("allowed: " + Settings.find(key).orElseThrow().allowed()), problem);
    }

    @Test
    void takesWhatIsAtTheBounds() {
        assertEquals(0, read(List.of("--mqtt.port", "0")).get(Settings.MQTT_PORT));
        assertEquals(65_535, read(List.of("--mqtt.port=65535")).get(Settings.MQTT_PORT));
        assertEquals(0xFFFF_FFFFL, read(List.of()).get(Settings.SESSION_EXPIRY_MAX_SECONDS));
        assertEquals(
                OptionalInt.empty(),
                read(List.of("--mqtt.websocket.port", "off")).get(Settings.MQTT_WEBSOCKET_PORT));
    }

    @Test
    void namesAllFaultsAtOnceAndSuggestsTheKeyThatWasMeant() {
        SettingsException refused = assertThrows(
                SettingsException.class,
                () -> read(List.of("--mqtt.prot", "1", "--log.lanes=99", "--cluster.portal=5701", "stray")));
        assertEquals(4, refused.problems().size(), refused.getMessage());
        String all = refused.getMessage();
        assertTrue(all.contains("mqtt.prot: there is no such setting; did you mean mqtt.port?"), all);
        assertTrue(all.contains("log.lanes: '99' is not allowed; allowed: 1 to 16"), all);
        assertTrue(all.contains("cluster.portal: there is no such setting; did you mean cluster.port?"), all);
        assertTrue(all.contains("stray: "), all);
    }

    @Test
    void neverRepeatsThePasswordOfAUrl() {
        SettingsException refused = assertThrows(
                SettingsException.class, () -> read(List.of("--database.url", "postgresql://me:geheim@h")));
        assertFalse(refused.getMessage().contains("geheim"), refused.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--mqtt.port", "--config"})
    void refusesAnOptionWithoutAValue(String option) {
        SettingsException refused = assertThrows(SettingsException.class, () -> read(List.of(option)));
        assertTrue(refused.getMessage().contains("has no value"), refused.getMessage());
    }

    @Test
    void optionsWinOverTheEnvironmentWhichWinsOverTheFile() throws IOException {
        Path file = write("""
                mqtt:
                  port: 1001
                  host: 10.0.0.1
                  websocket.port: off
                node.name: from-file
                log.lanes: 3
                """);
        Settings settings = SettingsSource.read(
                List.of("--config", file.toString(), "--mqtt.port", "1003"),
                Map.of("TUSKMQ_MQTT_PORT", "1002", "TUSKMQ_MQTT_HOST", "10.0.0.2", "PATH", "/bin"));
        assertEquals(1003, settings.get(Settings.MQTT_PORT));
        assertEquals("10.0.0.2", settings.get(Settings.MQTT_HOST));
        assertEquals("from-file", settings.get(Settings.NODE_NAME));
        // YAML would read "off" as false: values stay the text that was written.
        assertEquals(OptionalInt.empty(), settings.get(Settings.MQTT_WEBSOCKET_PORT));
        assertEquals(3, settings.get(Settings.LOG_LANES));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mqtt: [1, 2]",
                "mqtt:\n  port: 1\nmqtt.port: 2",
                "mqtt.port: 1\nmqtt.port: 2",
                "just text",
                "a: b: c",
                "mqtt.port: !!javax.script.ScriptEngineManager [x]",
                "node.name: ",
                "nope: 1",
            })
    void refusesAFileThatIsWrong(String yaml) throws IOException {
        Path file = write(yaml);
        assertThrows(SettingsException.class, () -> read(List.of("--config=" + file)));
    }

    @Test
    void refusesAFileThatIsNotThereAndTakesAnEmptyOne() throws IOException {
        Path empty = write("# nothing\n");
        assertEquals(1883, read(List.of("--config", empty.toString())).get(Settings.MQTT_PORT));
        assertThrows(SettingsException.class, () -> read(List.of("--config", dir + "/none.yaml")));
    }

    @Test
    void refusesAnUnknownVariableButNotWhatKubernetesAndTheLauncherSet() {
        Map<String, String> fine = Map.of(
                "TUSKMQ_JAVA_OPTS", "-Xmx1g",
                "TUSKMQ_SERVICE_HOST", "10.0.0.1",
                "TUSKMQ_SERVICE_PORT_MQTT", "1883",
                "TUSKMQ_PORT", "tcp://10.0.0.1:1883",
                "TUSKMQ_PORT_1883_TCP_ADDR", "10.0.0.1",
                "TUSKMQ_MQTT_PORT", "tcp://10.0.0.1:1883");
        assertEquals(1883, SettingsSource.read(List.of(), fine).get(Settings.MQTT_PORT));
        SettingsException refused = assertThrows(
                SettingsException.class, () -> SettingsSource.read(List.of(), Map.of("TUSKMQ_MQTT_PROT", "1")));
        assertTrue(refused.getMessage().startsWith("TUSKMQ_MQTT_PROT: "), refused.getMessage());
    }

    @Test
    void tlsNeedsCertificateAndKeyThatCanBeRead() throws IOException {
        SettingsException refused = assertThrows(
                SettingsException.class,
                () -> read(List.of("--mqtt.tls.port", "8883", "--mqtt.tls.cert", dir + "/none.pem")));
        assertEquals(2, refused.problems().size(), refused.getMessage());
        String file = write("x").toString();
        read(List.of("--mqtt.tls.port", "8883", "--mqtt.tls.cert", file, "--mqtt.tls.key", file));
    }

    private Path write(String text) throws IOException {
        return Files.writeString(dir.resolve("tuskmq.yaml"), text);
    }

    private static Settings read(List<String> options) {
        return SettingsSource.read(options, Map.of());
    }
}
