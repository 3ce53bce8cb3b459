package io.tuskmq.helm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import io.tuskmq.node.Settings;
import io.tuskmq.node.SettingsException;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.yaml.snakeyaml.Yaml;

/** The chart renders what Kubernetes and the node take, for each of its switches, and says no to what makes no sense. */
class ChartTest {
    /** Kinds of operators, which are in no library here. */
    private static final Set<String> CUSTOM =
            Set.of("HTTPRoute", "Certificate", "ServiceMonitor", "PrometheusRule", "Cluster");

    private static final Path DEFAULT = Chart.values("default");

    static Stream<Path> valuesFiles() throws IOException {
        return Chart.valuesFiles().stream();
    }

    @Test
    void lintFindsNothing() {
        LintResult lint = new Helm(Chart.DIRECTORY).lint().strict().call();
        assertFalse(lint.isFailed(), () -> String.join("\n", lint.getMessages()));
    }

    @ParameterizedTest
    @MethodSource("valuesFiles")
    void everyManifestIsOneThatKubernetesKnows(Path values) throws Exception {
        List<JsonObject> manifests = Chart.render(values, Map.of());
        assertTrue(manifests.size() >= 4, manifests::toString);
        Set<String> names = new HashSet<>();
        for (JsonObject manifest : manifests) {
            String kind = manifest.get("kind").getAsString();
            String name = Chart.at(manifest, "metadata", "name").getAsString();
            assertTrue(names.add(kind + "/" + name), "twice: " + kind + "/" + name);
            if (!CUSTOM.contains(kind)) {
                validate(manifest.get("apiVersion").getAsString(), kind, manifest);
            }
        }
    }

    /** It refuses fields that are unknown, and types that are wrong. */
    private static void validate(String apiVersion, String kind, JsonElement manifest) throws Exception {
        String version = apiVersion.substring(apiVersion.indexOf('/') + 1).toUpperCase(java.util.Locale.ROOT);
        Class<?> model = Class.forName("io.kubernetes.client.openapi.models." + version + kind);
        try {
            model.getMethod("validateJsonElement", JsonElement.class).invoke(null, manifest);
        } catch (InvocationTargetException e) {
            throw new AssertionError(kind + ": " + e.getCause(), e);
        }
    }

    /** The validation above can fail. */
    @Test
    void anUnknownFieldOfAManifestIsFound() {
        JsonObject service = Chart.render(DEFAULT, Map.of()).stream()
                .filter(m -> m.get("kind").getAsString().equals("Service"))
                .findFirst()
                .orElseThrow();
        service.getAsJsonObject("spec").addProperty("slector", "x");
        assertThrows(AssertionError.class, () -> validate("v1", "Service", service));
    }

    @ParameterizedTest
    @MethodSource("valuesFiles")
    void everySettingIsOneThatTheNodeTakes(Path values) {
        Map<String, String> settings = settings(Chart.render(values, Map.of()));
        settings.keySet().removeIf(key -> key.contains(".tls.")); // files that are not here
        assertEquals("5702", settings.get("cluster.link-port"));
        Settings.of(settings);
    }

    @Test
    void aSettingOutOfBoundsIsFoundByTheNode() {
        Map<String, String> settings = settings(Chart.render(DEFAULT, Map.of("settings.log\\.lanes", 99)));
        assertThrows(SettingsException.class, () -> Settings.of(settings));
    }

    @Test
    void proxiesAndFilesOfTlsGetToTheNode() {
        Map<String, String> balanced = settings(Chart.render(Chart.values("load-balancer"), Map.of()));
        assertEquals("10.0.0.0/8,2001:db8::/32", balanced.get("mqtt.proxy.from"));
        List<JsonObject> manifests = Chart.render(Chart.values("tls"), Map.of());
        Map<String, String> settings = settings(manifests);
        assertEquals("8084", settings.get("mqtt.websocket.tls.port"));
        Set<String> mounted = new HashSet<>();
        Chart.at(container(manifests), "volumeMounts")
                .getAsJsonArray()
                .forEach(mount -> mounted.add(Chart.at(mount, "mountPath").getAsString()));
        List<String> keys = List.of("cert", "key", "ca", "crl");
        for (String key : keys) {
            String path = String.valueOf(settings.get("mqtt.tls." + key));
            assertTrue(mounted.contains(path.substring(0, path.lastIndexOf('/'))), path);
        }
    }

    private static Map<String, String> settings(List<JsonObject> manifests) {
        List<JsonObject> configMaps = manifests.stream()
                .filter(m -> m.get("kind").getAsString().equals("ConfigMap"))
                .filter(m -> m.getAsJsonObject("data").has("tuskmq.yaml"))
                .toList();
        assertEquals(1, configMaps.size());
        String text = Chart.at(configMaps.getFirst(), "data", "tuskmq.yaml").getAsString();
        Map<String, Object> yaml = new Yaml().load(text);
        Map<String, String> settings = new HashMap<>();
        yaml.forEach((key, value) -> settings.put(key, String.valueOf(value)));
        return settings;
    }

    @Test
    void probesAskPagesOfTheNodeAtItsPort() {
        List<JsonObject> manifests = Chart.render(DEFAULT, Map.of());
        JsonElement container = container(manifests);
        for (String probe : List.of("startupProbe", "livenessProbe")) {
            assertEquals(
                    "/health/live",
                    Chart.at(container, probe, "httpGet", "path").getAsString());
            assertEquals("http", Chart.at(container, probe, "httpGet", "port").getAsString());
        }
        assertEquals(
                "/health/ready",
                Chart.at(container, "readinessProbe", "httpGet", "path").getAsString());
        int port = 0;
        for (JsonElement one : Chart.at(container, "ports").getAsJsonArray()) {
            if (Chart.at(one, "name").getAsString().equals("http")) {
                port = Chart.at(one, "containerPort").getAsInt();
            }
        }
        assertEquals(settings(manifests).get("http.port"), Integer.toString(port));
    }

    /** Endpoints forget the pod, clients go, sessions are stored: then only may it be killed. */
    @Test
    void aStopHasTimeForItsClients() {
        for (int seconds : List.of(0, 30, 600)) {
            List<JsonObject> manifests = Chart.render(DEFAULT, Map.of("stopSeconds", seconds));
            int grace =
                    Chart.at(pod(manifests), "terminationGracePeriodSeconds").getAsInt();
            int sleep = Chart.at(container(manifests), "lifecycle", "preStop", "sleep", "seconds")
                    .getAsInt();
            assertTrue(grace >= sleep + seconds + 20, grace + " s");
        }
    }

    @Test
    void olderKubernetesGetsNoFieldThatItDoesNotKnow() {
        JsonElement container = container(Chart.render(DEFAULT, Map.of(), "v1.25.0"));
        assertFalse(container.getAsJsonObject().has("lifecycle"));
    }

    /** The profile "restricted" of Kubernetes' pod security standards. */
    @Test
    void podsMayDoNoMoreThanTheyMust() {
        List<JsonObject> manifests = Chart.render(DEFAULT, Map.of());
        JsonElement pod = Chart.at(pod(manifests), "securityContext");
        JsonElement container = Chart.at(container(manifests), "securityContext");
        assertTrue(Chart.at(pod, "runAsNonRoot").getAsBoolean());
        assertEquals("RuntimeDefault", Chart.at(pod, "seccompProfile", "type").getAsString());
        assertFalse(Chart.at(container, "allowPrivilegeEscalation").getAsBoolean());
        assertTrue(Chart.at(container, "readOnlyRootFilesystem").getAsBoolean());
        assertEquals("ALL", Chart.at(container, "capabilities", "drop", 0).getAsString());
        assertFalse(Chart.at(pod(manifests), "automountServiceAccountToken").getAsBoolean());
    }

    @Test
    void theNumberOfNodesIsTheAutoscalersWhenThereIsOne() {
        JsonObject deployment = Chart.only(Chart.render(Chart.values("autoscaling"), Map.of()), "Deployment");
        assertFalse(deployment.getAsJsonObject("spec").has("replicas"));
    }

    @ParameterizedTest
    @CsvSource({
        "database.existingSecret,'',database.existingSecret is needed",
        "database.cloudNativePg.enabled,true,exclude each other",
        "mqtt.tls.enabled,true,mqtt.tls.enabled needs",
        "mqtt.tls.certManager.enabled,true,issuerName and dnsNames",
        "ingress.enabled,true,ingress.host",
        "gateway.enabled,true,gateway.parentName",
        "mqtt.tls.clientCa.secretName,x,mqtt.tls.clientCa needs",
        "mqtt.tls.clientCa.crl,true,mqtt.tls.clientCa.crl needs",
        "mqtt.proxyProtocol.from,{balancer.example.com},from",
        "settings.mqtt\\.proxy\\.from,10.0.0.1,is set by the chart",
        "settings.http\\.port,1,is set by the chart",
        "replicas,0,replicas",
        "replcias,3,replcias",
        "mqtt.service.type,Loadbalancer,type",
        "mqtt.tls.prot,1,prot",
    })
    void valuesThatMakeNoSenseAreRefusedWithASentence(String key, String value, String says) {
        Object typed = value.equals("true") ? true : value.matches("\\d+") ? (Object) Integer.valueOf(value) : value;
        RuntimeException refusal =
                assertThrows(RuntimeException.class, () -> Chart.render(DEFAULT, Map.of(key, typed)));
        assertTrue(String.valueOf(refusal.getMessage()).contains(says), refusal.getMessage());
    }

    @Test
    void clientsNeedAWayIn() {
        RuntimeException refusal = assertThrows(
                RuntimeException.class, () -> Chart.render(DEFAULT, Map.of("mqtt.port", 0, "mqtt.websocketPort", 0)));
        assertTrue(String.valueOf(refusal.getMessage()).contains("no way in"), refusal.getMessage());
    }

    @Test
    void alertsUseMetricsThatANodeHas() throws IOException {
        String alerts = Files.readString(Chart.DIRECTORY.resolve("files/alerts.yaml"));
        StringBuilder code = new StringBuilder();
        try (Stream<Path> files = Files.walk(Path.of("..", "node", "src", "main"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                code.append(Files.readString(file));
            }
        }
        Set<String> named = new HashSet<>();
        java.util.regex.Pattern.compile("tuskmq_[a-z_]+")
                .matcher(alerts)
                .results()
                .forEach(m -> named.add(m.group()));
        assertTrue(named.size() > 5, named::toString);
        named.removeIf(metric -> code.indexOf('"' + metric.replaceAll("_bucket$", "") + '"') >= 0);
        assertEquals(Set.of(), named);
    }

    @Test
    void theDashboardIsWhereGrafanasSidecarLooks() {
        JsonObject dashboard = Chart.render(Chart.values("metrics"), Map.of()).stream()
                .filter(m -> m.get("kind").getAsString().equals("ConfigMap"))
                .filter(m -> m.getAsJsonObject("data").has("tuskmq.json"))
                .findFirst()
                .orElseThrow();
        assertEquals(
                "1",
                Chart.at(dashboard, "metadata", "labels", "grafana_dashboard").getAsString());
        JsonObject parsed = JsonParser.parseString(
                        Chart.at(dashboard, "data", "tuskmq.json").getAsString())
                .getAsJsonObject();
        assertEquals("TuskMQ", parsed.get("title").getAsString());
        assertFalse(Chart.render(DEFAULT, Map.of()).stream()
                .anyMatch(m -> m.toString().contains("grafana_dashboard")));
    }

    @Test
    void theAlertsPointToTheRunbook() {
        JsonObject rule = Chart.only(Chart.render(Chart.values("metrics"), Map.of()), "PrometheusRule");
        for (JsonElement alert : Chart.at(rule, "spec", "groups", 0, "rules").getAsJsonArray()) {
            String name = Chart.at(alert, "alert").getAsString().toLowerCase(java.util.Locale.ROOT);
            assertEquals(
                    "https://example.com/tuskmq/docs/runbook.md#" + name,
                    Chart.at(alert, "annotations", "runbook_url").getAsString());
        }
    }

    /** Whatever the release is called, and of no other namespace's broker. */
    @Test
    void aNodeThatIsAwayIsFoundByItsJob() {
        String anyJob = " or (up{namespace=\"messaging\"} == 0 and on (namespace, job, instance)"
                + " max_over_time(tuskmq_build_info{namespace=\"messaging\"}[1d]))";
        assertEquals(
                "up{job=\"broker-nodes\", namespace=\"messaging\"} == 0" + anyJob,
                expressionOfNodeDown(Map.of("fullnameOverride", "broker")));
        assertEquals(
                "up{job=\"pods\", namespace=\"messaging\"} == 0" + anyJob,
                expressionOfNodeDown(Map.of("metrics.prometheusRule.job", "pods")));
    }

    private static String expressionOfNodeDown(Map<String, Object> set) {
        JsonObject rule = Chart.only(Chart.render(Chart.values("metrics"), set), "PrometheusRule");
        JsonElement alert = Chart.at(rule, "spec", "groups", 0, "rules", 0);
        assertEquals("TuskMQNodeDown", Chart.at(alert, "alert").getAsString());
        return Chart.at(alert, "expr").getAsString();
    }

    private static JsonElement pod(List<JsonObject> manifests) {
        return Chart.at(Chart.only(manifests, "Deployment"), "spec", "template", "spec");
    }

    private static JsonElement container(List<JsonObject> manifests) {
        return Chart.at(pod(manifests), "containers", 0);
    }
}
