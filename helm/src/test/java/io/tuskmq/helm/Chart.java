package io.tuskmq.helm;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.yaml.snakeyaml.Yaml;

/** The chart as Helm renders it, with some values. */
final class Chart {
    static final Path DIRECTORY = Path.of("tuskmq").toAbsolutePath();
    private static final Path HOOKS_AS_MANIFESTS = withoutHooks();

    private Chart() {}

    /** One file of values for each switch. */
    static List<Path> valuesFiles() throws IOException {
        try (Stream<Path> files = Files.list(DIRECTORY.resolve("ci"))) {
            return files.sorted().toList();
        }
    }

    /** The library leaves hooks out of what it renders, so here they are no hooks. */
    private static Path withoutHooks() {
        Path copy = Path.of("target", "chart-without-hooks", "tuskmq");
        try (Stream<Path> files = Files.walk(DIRECTORY)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path target = copy.resolve(DIRECTORY.relativize(file).toString());
                Files.createDirectories(target.getParent());
                Files.writeString(target, Files.readString(file).replaceAll("(?m)^ +helm\\.sh/hook.*\\R", ""));
            }
            return copy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path values(String name) {
        return DIRECTORY.resolve("ci/" + name + "-values.yaml");
    }

    /**
     * Renders it.
     *
     * @param set values by their path
     * @throws RuntimeException with Helm's words, when the chart refuses the values
     */
    static List<JsonObject> render(Path values, Map<String, Object> set) {
        return render(values, set, "v1.31.0");
    }

    static List<JsonObject> render(Path values, Map<String, Object> set, String kubeVersion) {
        TemplateCommand template = new Helm(HOOKS_AS_MANIFESTS)
                .template()
                .withName("mq")
                .withNamespace("messaging")
                .withKubeVersion(kubeVersion)
                .withValuesFile(values);
        set.forEach(template::set);
        List<JsonObject> manifests = new ArrayList<>();
        Gson gson = new Gson();
        for (Object manifest : new Yaml().loadAll(template.call())) {
            if (manifest != null) {
                manifests.add(gson.toJsonTree(manifest).getAsJsonObject());
            }
        }
        return manifests;
    }

    static JsonObject only(List<JsonObject> manifests, String kind) {
        List<JsonObject> found = manifests.stream()
                .filter(m -> m.get("kind").getAsString().equals(kind))
                .toList();
        if (found.size() != 1) {
            throw new AssertionError(found.size() + " of " + kind);
        }
        return found.getFirst();
    }

    /** What is there at the end of a path of members and indices. */
    static JsonElement at(JsonElement from, Object... path) {
        JsonElement here = from;
        for (Object step : path) {
            here = step instanceof Integer index
                    ? here.getAsJsonArray().get(index)
                    : here.getAsJsonObject().get(step.toString());
            if (here == null) {
                throw new AssertionError("there is no " + step + " in " + from);
            }
        }
        return here;
    }
}
