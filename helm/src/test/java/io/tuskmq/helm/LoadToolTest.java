package io.tuskmq.helm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The load tool in the cluster: the pod of {@code helm test}, and the Job. */
class LoadToolTest {
    private static JsonObject container(JsonElement podSpec) {
        return Chart.at(podSpec, "containers").getAsJsonArray().get(0).getAsJsonObject();
    }

    private static List<String> args(JsonObject container) {
        List<String> args = new ArrayList<>();
        container.getAsJsonArray("args").forEach(arg -> args.add(arg.getAsString()));
        return args;
    }

    @Test
    void theJobIsMadeOnlyWhenAskedFor() {
        assertTrue(Chart.render(Chart.values("default"), Map.of()).stream()
                .noneMatch(m -> m.get("kind").getAsString().equals("Job")));
        JsonObject job = Chart.only(Chart.render(Chart.values("load-tests"), Map.of()), "Job");
        JsonObject container = container(Chart.at(job, "spec", "template", "spec"));
        List<String> args = args(container);
        assertEquals(List.of("pairs", "--persistent", "--qos", "2"), args.subList(0, 4));
        assertEquals("$(TUSKMQ_PASSWORD)", args.get(args.indexOf("--password") + 1), "never the password itself");
        assertEquals(
                "load-user",
                Chart.at(container.getAsJsonArray("env").get(1), "valueFrom", "secretKeyRef", "name")
                        .getAsString());
    }

    @Test
    void theTestFindsAPortOfTheNodes() {
        Map<String, List<String>> ways = Map.of(
                "default", List.of("--target", "mq-tuskmq:1883"),
                "tls", List.of("--target", "mq-tuskmq:8083"));
        ways.forEach((values, target) -> {
            List<String> args = args(container(Chart.only(Chart.render(Chart.values(values), Map.of()), "Pod")
                    .get("spec")));
            int at = args.indexOf("--target");
            assertEquals(target, args.subList(at, at + 2), values);
            assertFalse(args.contains("--user"), "anonymous, unless a secret is named");
        });
        List<String> onlyTls = args(container(
                Chart.only(Chart.render(Chart.values("tls"), Map.of("mqtt.port", 0, "mqtt.websocketPort", 0)), "Pod")
                        .get("spec")));
        assertTrue(onlyTls.containsAll(List.of("mq-tuskmq:8883", "--tls", "--insecure")), onlyTls::toString);
    }

    /** No service sends clients to them, no budget counts them. */
    @Test
    void itsPodsAreNoNodes() {
        List<JsonObject> manifests = Chart.render(Chart.values("load-tests"), Map.of());
        JsonElement nodes = Chart.at(Chart.only(manifests, "Deployment"), "spec", "selector", "matchLabels");
        JsonElement job = Chart.at(Chart.only(manifests, "Job"), "spec", "template", "metadata", "labels");
        JsonElement test = Chart.at(Chart.only(manifests, "Pod"), "metadata", "labels");
        for (JsonElement labels : List.of(job, test)) {
            assertFalse(
                    labels.getAsJsonObject()
                            .entrySet()
                            .containsAll(nodes.getAsJsonObject().entrySet()),
                    labels::toString);
        }
    }

    @Test
    void theToolKnowsAllItsOptions() throws IOException {
        StringBuilder code = new StringBuilder();
        try (Stream<Path> files = Files.walk(Path.of("..", "load-tests", "src", "main"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                code.append(Files.readString(file));
            }
        }
        List<JsonObject> manifests = Chart.render(Chart.values("default"), Map.of("loadTests.enabled", true));
        List<String> args =
                new ArrayList<>(args(container(Chart.only(manifests, "Pod").get("spec"))));
        args.addAll(args(container(Chart.at(Chart.only(manifests, "Job"), "spec", "template", "spec"))));
        List<String> unknown = args.stream()
                .filter(arg -> arg.startsWith("--") && code.indexOf('"' + arg + '"') < 0)
                .toList();
        assertEquals(List.of(), unknown);
    }
}
