package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * No library on the class path has a version that an advisory of {@code .ci/known-vulnerabilities.json} names, but for those that {@code
 * .ci/accepted-vulnerabilities.json} gives a reason for. Without network, so that every build looks.
 */
class KnownVulnerabilitiesTest {
    private static final Path CI = Path.of("..", ".ci").toAbsolutePath().normalize();

    private static JsonObject read(String file) {
        try {
            return new JsonObject(Files.readString(CI.resolve(file)));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<JsonObject> objects(JsonObject of, String key) {
        return of.getJsonArray(key, new JsonArray()).stream()
                .map(JsonObject.class::cast)
                .toList();
    }

    private static List<String> texts(JsonObject of, String key) {
        return of.getJsonArray(key, new JsonArray()).stream()
                .map(String.class::cast)
                .toList();
    }

    /** A package of Maven, {@code group:artifact}, and the version that is on the class path: its jar lies in a folder of that name. */
    private static Optional<String> version(String name) {
        String folder = "/" + name.substring(0, name.indexOf(':')).replace('.', '/') + "/"
                + name.substring(name.indexOf(':') + 1) + "/";
        for (String jar : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            int at = jar.indexOf(folder);
            if (at >= 0) {
                String rest = jar.substring(at + folder.length());
                return Optional.of(rest.substring(0, rest.indexOf('/')));
            }
        }
        return Optional.empty();
    }

    /**
     * An advisory that affects what is on the class path.
     *
     * @param names its id and its aliases: the same fault has one in each database
     */
    private record Finding(Set<String> names, String library, String text) {
        /** Whether it is the one that the reason is given for, under whatever of its names. */
        boolean isOf(JsonObject accepted) {
            return library.equals(accepted.getString("package")) && names.contains(accepted.getString("id"));
        }
    }

    private static List<Finding> affecting(JsonObject known) {
        List<Finding> found = new ArrayList<>();
        for (JsonObject advisory : objects(known, "vulns")) {
            String id = advisory.getString("id");
            Set<String> names = new TreeSet<>(texts(advisory, "aliases"));
            names.add(id);
            for (JsonObject affected : objects(advisory, "affected")) {
                String library = affected.getJsonObject("package").getString("name");
                version(library)
                        .filter(version -> isAffected(affected, version))
                        .ifPresent(version -> found.add(new Finding(
                                names,
                                library,
                                library + " " + version + ": " + id + " " + advisory.getString("summary"))));
            }
        }
        return found;
    }

    private static List<String> withoutAReason(List<Finding> found, List<JsonObject> accepted) {
        return found.stream()
                .filter(finding -> accepted.stream().noneMatch(finding::isOf))
                .map(Finding::text)
                .toList();
    }

    private static List<String> notNeeded(List<Finding> found, List<JsonObject> accepted) {
        return accepted.stream()
                .filter(reason -> found.stream().noneMatch(finding -> finding.isOf(reason)))
                .map(reason -> reason.getString("id") + " " + reason.getString("package"))
                .toList();
    }

    private static boolean isAffected(JsonObject affected, String version) {
        return texts(affected, "versions").contains(version)
                || objects(affected, "ranges").stream()
                        .filter(range -> "ECOSYSTEM".equals(range.getString("type")))
                        .anyMatch(range -> isIn(objects(range, "events"), version));
    }

    /** Events are in the order of their versions (OSV's schema, "Evaluation"). */
    private static boolean isIn(List<JsonObject> events, String version) {
        boolean in = false;
        for (JsonObject event : events) {
            String introduced = event.getString("introduced");
            String fixed = event.getString("fixed");
            String last = event.getString("last_affected");
            if (introduced != null && (introduced.equals("0") || compare(version, introduced) >= 0)) {
                in = true;
            } else if ((fixed != null && compare(version, fixed) >= 0)
                    || (last != null && compare(version, last) > 0)) {
                in = false;
            }
        }
        return in;
    }

    /** Maven's order, as far as versions of libraries need it: numbers by value, words before releases unless they mean one. */
    private static int compare(String one, String other) {
        List<String> a = parts(one);
        List<String> b = parts(other);
        for (int i = 0; i < Math.max(a.size(), b.size()); i++) {
            int order = comparePart(i < a.size() ? a.get(i) : "", i < b.size() ? b.get(i) : "");
            if (order != 0) {
                return order;
            }
        }
        return 0;
    }

    private static List<String> parts(String version) {
        List<String> parts = new ArrayList<>(
                List.of(version.toLowerCase(java.util.Locale.ROOT).split("[.-]|(?<=[a-z])(?=\\d)|(?<=\\d)(?=[a-z])")));
        parts.removeIf(part -> Set.of("final", "ga", "release").contains(part));
        return parts;
    }

    private static int comparePart(String a, String b) {
        boolean numberA = isNumber(a);
        boolean numberB = isNumber(b);
        if (numberA || numberB) {
            boolean word = (!a.isEmpty() && !numberA) || (!b.isEmpty() && !numberB);
            return word
                    ? Boolean.compare(numberA, numberB)
                    : Long.compare(a.isEmpty() ? 0 : Long.parseLong(a), b.isEmpty() ? 0 : Long.parseLong(b));
        }
        return rank(a).compareTo(rank(b));
    }

    private static boolean isNumber(String part) {
        return !part.isEmpty() && part.chars().allMatch(Character::isDigit);
    }

    private static String rank(String word) {
        int known = List.of("alpha", "beta", "milestone", "cr", "rc", "snapshot", "", "sp")
                .indexOf(word);
        return known < 0 ? "9" + word : Integer.toString(known);
    }

    private static List<JsonObject> accepted() {
        return objects(read("accepted-vulnerabilities.json"), "accepted");
    }

    @Test
    void noLibraryHasAKnownVulnerabilityWithoutAReason() {
        List<String> found = withoutAReason(affecting(read("known-vulnerabilities.json")), accepted());
        assertTrue(
                found.isEmpty(),
                () -> "upgrade, or give a reason in .ci/accepted-vulnerabilities.json:\n" + String.join("\n", found));
    }

    /** When the library has been upgraded, or another reason is needed. */
    @Test
    void whatIsAcceptedIsStillThere() {
        List<String> notNeeded = notNeeded(affecting(read("known-vulnerabilities.json")), accepted());
        assertEquals(List.of(), notNeeded, "affects nothing any more: take it out");
        accepted().forEach(accepted -> assertFalse(accepted.getString("why").isBlank()));
    }

    /** OSV calls by GHSA what was accepted by CVE; another library's advisory of that name is another matter. */
    @Test
    void anAdvisoryIsKnownByItsAliasesToo() {
        List<Finding> found = affecting(new JsonObject("""
                {"vulns": [{
                  "id": "GHSA-aaaa-bbbb-cccc", "aliases": ["CVE-2026-1", "CVE-2026-2"], "summary": "a fault",
                  "affected": [{
                    "package": {"ecosystem": "Maven", "name": "io.vertx:vertx-core"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}]}]}"""));
        assertEquals(1, found.size());
        for (String name : List.of("GHSA-aaaa-bbbb-cccc", "CVE-2026-1", "CVE-2026-2")) {
            List<JsonObject> reason = List.of(new JsonObject().put("id", name).put("package", "io.vertx:vertx-core"));
            assertEquals(List.of(), withoutAReason(found, reason), name);
            assertEquals(List.of(), notNeeded(found, reason), name);
        }
        List<JsonObject> anothers =
                List.of(new JsonObject().put("id", "CVE-2026-1").put("package", "io.vertx:vertx-web"));
        assertEquals(1, withoutAReason(found, anothers).size());
        assertEquals(List.of("CVE-2026-1 io.vertx:vertx-web"), notNeeded(found, anothers));
    }

    /** Else a library that is called otherwise would be looked for in vain. */
    @Test
    void librariesAreFound() {
        JsonObject known = read("known-vulnerabilities.json");
        Set<String> missing = new TreeSet<>(texts(known, "packages"));
        missing.removeIf(name -> version(name).isPresent());
        assertEquals(Set.of(), missing, "not on the class path");
        assertTrue(version("io.netty:netty-handler").orElseThrow().endsWith(".Final"));
    }

    @ParameterizedTest
    @CsvSource({
        "4.2.18.Final, 4.2.16.Final, 1",
        "4.2.0.Alpha1, 4.2.0.Final, -1",
        "4.2.0.Alpha1, 4.1.133.Final, 1",
        "5.0.12, 5.0.12, 0",
        "5.0.12, 5.0.6, 1",
        "2.0, 2.0.0, 0",
        "2.0-rc1, 2.0, -1",
        "2.0-beta2, 2.0-rc1, -1",
        "1.84, 1.9, 1",
        "26.0.2-1, 26.0.2, 1"
    })
    void versionsAreInMavensOrder(String one, String other, int order) {
        assertEquals(order, Integer.signum(compare(one, other)));
        assertEquals(-order, Integer.signum(compare(other, one)));
    }

    @ParameterizedTest
    @CsvSource({"1.9, false", "2.0, true", "2.4, true", "2.5, false", "3.0, true", "3.1, true", "3.2, false"})
    void rangesAreReadAsOsvMeansThem(String version, boolean is) {
        JsonObject affected = new JsonObject("""
                {"ranges": [
                  {"type": "GIT", "events": [{"introduced": "0"}]},
                  {"type": "ECOSYSTEM", "events": [{"introduced": "2.0"}, {"fixed": "2.5"}, {"introduced": "3.0"}, {"last_affected": "3.1"}]}]}""");
        assertEquals(is, isAffected(affected, version));
    }
}
