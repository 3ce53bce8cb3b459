package io.tuskmq.node.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where tests cite statements. A citation belongs to the test method that it stands in or above; elsewhere in a class with tests
 * (a table, a helper) it belongs to the class. A class {@code X} without tests counts for {@code XTest} (its table), if that exists.
 * It reads sources as the formatter writes them. Proven on two nodes is what a test cites that is {@link OnOneAndTwoNodes}, or that stands in
 * a class named {@code …AcrossNodesTest}.
 */
final class Citations {
    private static final Pattern CITATION = Pattern.compile("\\[(MQTT5?-\\d+(?:\\.\\d+)*-\\d+)\\]");
    private static final Pattern TEST = Pattern.compile(
            "^ {4}@(?:Test|ParameterizedTest|RepeatedTest|TestFactory|Property|Example|OnOneAndTwoNodes)\\b");
    private static final Pattern TWO_NODES = Pattern.compile("^ {4}@OnOneAndTwoNodes\\b");
    private static final String ACROSS_NODES = "AcrossNodesTest";
    private static final Pattern METHOD = Pattern.compile("^ {4}[\\w<][\\w<>\\[\\],.? ]* (\\w+)\\(");

    private final Map<String, SortedSet<String>> testsByStatement = new TreeMap<>();
    private final SortedSet<String> onTwoNodes = new TreeSet<>();

    /** Statement ids and the tests that cite them, both sorted. */
    Map<String, SortedSet<String>> testsByStatement() {
        return testsByStatement;
    }

    /** Ids of the statements that a test proves with its clients at different nodes. */
    SortedSet<String> onTwoNodes() {
        return onTwoNodes;
    }

    /** Reads the test sources of all modules. */
    static Citations of(Path projectRoot) throws IOException {
        Citations citations = new Citations();
        List<Path> modules;
        try (Stream<Path> children = Files.list(projectRoot)) {
            modules = children.map(child -> child.resolve("src/test/java"))
                    .filter(Files::isDirectory)
                    .sorted()
                    .toList();
        }
        for (Path module : modules) {
            try (Stream<Path> files = Files.walk(module)) {
                for (Path file :
                        files.filter(f -> f.toString().endsWith(".java")).toList()) {
                    List<String> lines = Files.readAllLines(file);
                    Path itsTest = file.resolveSibling(className(file) + "Test.java");
                    if (hasTests(lines)) {
                        citations.read(className(file), lines);
                    } else if (Files.exists(itsTest)) {
                        citations.read(className(itsTest), lines);
                    }
                }
            }
        }
        return citations;
    }

    private static String className(Path file) {
        return file.getFileName().toString().replace(".java", "");
    }

    private static boolean hasTests(List<String> lines) {
        return lines.stream().anyMatch(line -> TEST.matcher(line).find());
    }

    /** Goes through one class; a block is what lies between the ends of two methods. */
    void read(String className, List<String> lines) {
        SortedSet<String> cited = new TreeSet<>();
        String owner = className;
        boolean test = false;
        boolean twoNodes = false;
        for (String line : lines) {
            Matcher citation = CITATION.matcher(line);
            while (citation.find()) {
                cited.add(citation.group(1));
            }
            test |= TEST.matcher(line).find();
            twoNodes |= TWO_NODES.matcher(line).find();
            Matcher method = METHOD.matcher(line);
            if (method.find() && !line.endsWith(";")) {
                owner = test ? className + "#" + method.group(1) : className;
            }
            if (line.equals("    }")) {
                add(cited, owner, twoNodes);
                owner = className;
                test = false;
                twoNodes = false;
            }
        }
        add(cited, className, false);
    }

    private void add(SortedSet<String> cited, String owner, boolean twoNodes) {
        if (twoNodes || owner.replaceAll("#.*", "").endsWith(ACROSS_NODES)) {
            onTwoNodes.addAll(cited);
        }
        cited.forEach(id -> testsByStatement
                .computeIfAbsent(id, statement -> new TreeSet<>())
                .add(owner));
        cited.clear();
    }
}
