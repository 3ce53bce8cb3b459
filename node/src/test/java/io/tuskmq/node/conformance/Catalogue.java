package io.tuskmq.node.conformance;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The numbered statements of one MQTT specification, from a file of {@code src/test/resources/conformance}. */
record Catalogue(String title, List<Statement> statements) {
    /**
     * @param id as tests cite it, without brackets
     * @param asks what it asks, in our own words
     * @param notApplicable why it does not bind this server; empty when it does
     * @param ofTwo whether it is about what one connection does to another, which may be at another node
     */
    record Statement(String id, String asks, String notApplicable, boolean ofTwo) {}

    /** Both catalogues. */
    static List<Catalogue> all() {
        return List.of(read("MQTT 3.1.1", "mqtt-3.1.1.tsv"), read("MQTT 5.0", "mqtt-5.0.tsv"));
    }

    private static Catalogue read(String title, String file) {
        try (InputStream in = Objects.requireNonNull(
                Catalogue.class.getResourceAsStream("/conformance/" + file), "no catalogue " + file)) {
            return new Catalogue(title, parse(new String(in.readAllBytes(), StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One statement a line, four columns between tabs; lines that begin with # are comments. */
    static List<Statement> parse(String text) {
        List<Statement> statements = new ArrayList<>();
        for (String line : text.lines().toList()) {
            if (line.startsWith("#") || line.isBlank()) {
                continue;
            }
            String[] columns = line.split("\t", -1);
            if (columns.length != 4 || !(columns[3].isEmpty() || columns[3].equals("two"))) {
                throw new IllegalArgumentException("not four columns, the last one empty or 'two': " + line);
            }
            statements.add(new Statement(columns[0], columns[1], columns[2], columns[3].equals("two")));
        }
        return statements;
    }
}
