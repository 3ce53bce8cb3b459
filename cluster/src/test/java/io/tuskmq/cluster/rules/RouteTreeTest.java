package io.tuskmq.cluster.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.Tuple.Tuple3;
import org.junit.jupiter.api.Test;

class RouteTreeTest {
    /** A change of the tree: the filter, put or removed, and a value. */
    @Provide
    Arbitrary<List<Tuple3<String, Boolean, Integer>>> changes() {
        Arbitrary<Tuple3<String, Boolean, Integer>> change = filters()
                .flatMap(filter -> Arbitraries.of(true, true, false)
                        .flatMap(put -> Arbitraries.integers().map(value -> Tuple.of(filter, put, value))));
        return change.list().ofMaxSize(60);
    }

    @Provide
    Arbitrary<String> filters() {
        Arbitrary<String> levels = Arbitraries.of("", "a", "b", "+", "$s")
                .list()
                .ofMinSize(1)
                .ofMaxSize(4)
                .map(l -> String.join("/", l));
        return Arbitraries.oneOf(
                        levels,
                        levels.map(l -> l + "/#"),
                        Arbitraries.just("#"),
                        Arbitraries.integers().between(0, 200).map(i -> "wide/" + i))
                .filter(f -> TopicFilter.problem(f) == null);
    }

    @Provide
    Arbitrary<List<String>> topics() {
        return Arbitraries.of("", "a", "b", "c", "$s", "wide", "7")
                .list()
                .ofMinSize(1)
                .ofMaxSize(5)
                .map(l -> String.join("/", l))
                .filter(t -> !t.isEmpty())
                .list()
                .ofSize(20);
    }

    /** [MQTT-3.3.2-3] [MQTT5-3.3.2-3] [MQTT-4.7.2-1] [MQTT5-4.7.2-1]: the tree finds what the matcher says of each filter alone. */
    @Property
    void findsWhatTheMatcherFinds(
            @ForAll("changes") List<Tuple3<String, Boolean, Integer>> changes, @ForAll("topics") List<String> topics) {
        RouteTree<String> tree = new RouteTree<>();
        Map<String, String> model = new HashMap<>();
        for (Tuple3<String, Boolean, Integer> change : changes) {
            String filter = change.get1();
            String value = filter + " " + change.get3();
            if (change.get2()) {
                assertEquals(model.put(filter, value), tree.put(filter, value));
            } else {
                assertEquals(model.remove(filter), tree.remove(filter));
            }
            assertEquals(model.get(filter), tree.get(filter));
            assertEquals(model.size(), tree.size());
        }
        for (String topic : topics) {
            Set<String> expected = new TreeSet<>();
            model.forEach((filter, value) -> {
                if (TopicFilter.matches(filter, topic)) {
                    expected.add(value);
                }
            });
            List<String> found = new ArrayList<>();
            tree.match(topic, found::add);
            assertEquals(expected, new TreeSet<>(found), topic);
            assertEquals(expected.size(), found.size(), "each once");
        }
        Map<String, String> listed = new HashMap<>();
        tree.forEach(listed::put);
        assertEquals(model, listed);
        assertEquals(nodesOf(model.keySet()), tree.nodes(), "no node without a reason");
        List.copyOf(model.keySet()).forEach(tree::remove);
        assertEquals(0, tree.nodes());
        assertEquals(0, tree.size());
    }

    /** The matcher of the tree's test, against one that was written another way. */
    @Property
    void matcherAgreesWithSplittingIntoLevels(@ForAll("filters") String filter, @ForAll("topics") List<String> topics) {
        for (String topic : topics) {
            assertEquals(matchesBySplitting(filter, topic), TopicFilter.matches(filter, topic), filter + " " + topic);
        }
    }

    private static boolean matchesBySplitting(String filter, String topic) {
        String[] f = filter.split("/", -1);
        String[] t = topic.split("/", -1);
        if (t[0].startsWith("$") && (f[0].equals("#") || f[0].equals("+"))) {
            return false;
        }
        boolean rest = f[f.length - 1].equals("#");
        int named = rest ? f.length - 1 : f.length;
        if (rest ? t.length < named : t.length != named) {
            return false;
        }
        for (int i = 0; i < named; i++) {
            if (!f[i].equals("+") && !f[i].equals(t[i])) {
                return false;
            }
        }
        return true;
    }

    private static int nodesOf(Set<String> filters) {
        Set<List<String>> paths = new HashSet<>();
        for (String filter : filters) {
            List<String> levels = new ArrayList<>(List.of(filter.split("/", -1)));
            if (levels.getLast().equals("#")) {
                levels.removeLast();
            }
            for (int i = 1; i <= levels.size(); i++) {
                paths.add(List.copyOf(levels.subList(0, i)));
            }
        }
        return paths.size();
    }

    @Test
    void refusesMalformedFilters() {
        RouteTree<String> tree = new RouteTree<>();
        for (String filter : List.of("", "a/#/b", "a+", "a\u0000", "/".repeat(65_535))) {
            assertThrows(IllegalArgumentException.class, () -> tree.put(filter, "x"));
        }
        assertEquals(0, tree.nodes());
    }

    @Test
    void computesFromTheValueBefore() {
        RouteTree<Integer> tree = new RouteTree<>();
        assertEquals(1, tree.compute("a/b", before -> before == null ? 1 : before + 1));
        assertEquals(2, tree.compute("a/b", before -> before == null ? 1 : before + 1));
        assertNull(tree.compute("a/b", before -> null));
        assertNull(tree.compute("nothing/there", before -> null));
        assertEquals(0, tree.nodes());
    }

    @Test
    void changeThatThrowsLeavesTheTreeAsItWas() {
        RouteTree<Integer> tree = new RouteTree<>();
        tree.put("a", 1);
        assertThrows(
                IllegalStateException.class,
                () -> tree.compute("a/b", before -> {
                    throw new IllegalStateException("no");
                }));
        assertEquals(1, tree.nodes());
        assertEquals(1, tree.put("a", 2));
    }

    /** I9: neither a topic of 65,535 slashes nor the deepest filters overflow the stack of a small thread. */
    @Test
    void deepTopicsNeedNoDeepStack() throws InterruptedException {
        RouteTree<String> tree = new RouteTree<>();
        String deep = "+/".repeat(TopicName.LEVELS_MAX - 1);
        tree.put(deep + "#", "all below");
        tree.put("#", "all");
        tree.put("/".repeat(TopicName.LEVELS_MAX - 1), "exact");
        Set<String> found = new HashSet<>();
        Thread thread = new Thread(null, () -> tree.match("/".repeat(65_535), found::add), "small", 512 * 1024);
        thread.start();
        thread.join();
        assertEquals(Set.of("all", "all below"), found);
    }

    /** A level that once had many children must not keep a table for them. */
    @Test
    void wideLevelsShrinkAgain() {
        RouteTree<Integer> tree = new RouteTree<>();
        for (int i = 0; i < 10_000; i++) {
            tree.put("wide/" + i + "/x", i);
        }
        for (int i = 3; i < 10_000; i++) {
            tree.remove("wide/" + i + "/x");
        }
        assertEquals(7, tree.nodes());
        List<Integer> found = new ArrayList<>();
        tree.match("wide/2/x", found::add);
        tree.match("wide/3/x", found::add);
        assertEquals(List.of(2), found);
    }
}
