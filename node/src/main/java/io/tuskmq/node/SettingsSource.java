package io.tuskmq.node;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Where settings come from: a YAML file, then the environment, then options; the later one wins. */
final class SettingsSource {
    private static final String PREFIX = "TUSKMQ_";
    /** Read by the launcher and by the project's tests, not by the node. */
    private static final Set<String> NOT_OURS = Set.of("TUSKMQ_JAVA_OPTS", "TUSKMQ_TEST_DATABASE_URL");
    /** Kubernetes gives each pod variables for each service of its namespace; those of a service "tuskmq…" look like ours. */
    private static final Pattern SERVICE_LINK =
            Pattern.compile("TUSKMQ_(.*_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT_\\d+_(TCP|UDP|SCTP)(_.*)?)");

    private static final Pattern SERVICE_LINK_VALUE = Pattern.compile("(tcp|udp|sctp)://.*");
    private static final int FILE_CHARS_MAX = 1_000_000;

    private final Map<String, String> values = new LinkedHashMap<>();
    private final Problems problems = new Problems();

    private SettingsSource() {}

    /**
     * Reads all three.
     *
     * @param options what follows the command: {@code --key value} or {@code --key=value}, and {@code --config file}
     * @throws SettingsException for whatever is wrong, all at once where possible
     */
    static Settings read(List<String> options, Map<String, String> environment) {
        SettingsSource source = new SettingsSource();
        Map<String, String> fromOptions = source.options(options);
        String file = fromOptions.remove("config");
        if (file != null) {
            source.file(Path.of(file));
        }
        source.environment(environment);
        source.values.putAll(fromOptions);
        try {
            Settings settings = Settings.of(source.values);
            source.problems.orThrow();
            return settings;
        } catch (SettingsException e) {
            e.problems().forEach(source.problems::add);
            source.problems.orThrow();
            throw e;
        }
    }

    private Map<String, String> options(List<String> options) {
        Map<String, String> found = new LinkedHashMap<>();
        for (int i = 0; i < options.size(); i++) {
            String option = options.get(i);
            if (!option.startsWith("--")) {
                problems.add(option + ": is neither a setting nor a command; settings are written --key value");
                continue;
            }
            int equals = option.indexOf('=');
            String key = option.substring(2, equals < 0 ? option.length() : equals);
            if (equals >= 0) {
                found.put(key, option.substring(equals + 1));
            } else if (i + 1 < options.size() && !options.get(i + 1).startsWith("--")) {
                i++;
                found.put(key, options.get(i));
            } else if (key.equals("config") || Settings.find(key).isPresent()) {
                problems.add(key + ": has no value; write --" + key + " VALUE");
            } else {
                found.put(key, ""); // unknown: reported with the others
            }
        }
        return found;
    }

    private void environment(Map<String, String> environment) {
        Map<String, String> keys = new LinkedHashMap<>();
        Settings.ALL.forEach(s -> keys.put(s.variable(), s.key()));
        environment.forEach((name, value) -> {
            if (!name.startsWith(PREFIX)
                    || NOT_OURS.contains(name)
                    || SERVICE_LINK.matcher(name).matches()
                    || SERVICE_LINK_VALUE.matcher(value).matches()) {
                return;
            }
            String key = keys.get(name);
            if (key == null) {
                problems.add(name + ": there is no such setting (environment); 'tuskmq --help' lists them all");
            } else {
                values.put(key, value);
            }
        });
    }

    private void file(Path file) {
        LoaderOptions limits = new LoaderOptions();
        limits.setAllowDuplicateKeys(false);
        limits.setMaxAliasesForCollections(0);
        limits.setCodePointLimit(FILE_CHARS_MAX);
        try (Reader reader = Files.newBufferedReader(file)) {
            // Composed, not constructed: values stay the text that was written, and no type is ever made from it.
            Node root = new Yaml(limits).compose(reader);
            if (root instanceof MappingNode mapping) {
                flatten("", mapping, file);
            } else if (root != null) {
                problems.add("config: " + file + " has no 'key: value' lines");
            }
        } catch (YAMLException e) {
            problems.add("config: " + file + " is not valid YAML: "
                    + String.valueOf(e.getMessage()).strip().replaceAll("\\s*\\R\\s*", " "));
        } catch (IOException e) {
            problems.add("config: " + file + " can't be read (" + e.getClass().getSimpleName() + ")");
        }
    }

    private void flatten(String prefix, MappingNode mapping, Path file) {
        for (NodeTuple tuple : mapping.getValue()) {
            String key = tuple.getKeyNode() instanceof ScalarNode name ? prefix + name.getValue() : prefix + "?";
            int line = tuple.getKeyNode().getStartMark().getLine() + 1;
            if (tuple.getValueNode() instanceof MappingNode nested) {
                flatten(key + ".", nested, file);
            } else if (tuple.getValueNode() instanceof ScalarNode scalar) {
                if (values.put(key, scalar.getValue()) != null) {
                    problems.add(key + ": is given twice (" + file + ", line " + line + ")");
                }
            } else {
                problems.add(key + ": a list is not allowed (" + file + ", line " + line + ")");
            }
        }
    }
}
