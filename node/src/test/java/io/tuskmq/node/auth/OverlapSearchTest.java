package io.tuskmq.node.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tuskmq.cluster.rules.TopicFilter;
import io.tuskmq.node.auth.OverlapSearch.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OverlapSearchTest {
    private static final List<String> WORDS = List.of("a", "b", "", "$x");
    /** Besides the words, one that no rule and no filter has. */
    private static final List<String> LEVELS = List.of("a", "b", "", "$x", "other");

    private static Coverage search(String filter, boolean byDefault, String... rules) {
        List<Rule> all = new ArrayList<>();
        for (String rule : rules) {
            all.add(new Rule(rule.substring(1), rule.charAt(0) == '+'));
        }
        return OverlapSearch.search(filter, all, byDefault);
    }

    /** Rules begin with + (allow) or - (deny). */
    @ParameterizedTest
    @CsvSource({
        "a/b,   ALL,  +a/b,      +a/b",
        "a/b,   NONE, +a/c,      +a/c",
        "a/#,   SOME, +a/b,      +a/b",
        "a/#,   ALL,  +a/#,      +a/#",
        "a/+,   ALL,  +a/#,      +a/#",
        "a,     ALL,  +a/#,      +a/#",
        "a/#,   SOME, -a/b,      +a/#",
        "a/#,   ALL,  +a/#,      -a/b",
        "a/+,   SOME, -+/b,      +a/#",
        "+/b,   SOME, -a/+,      +#",
        "#,     ALL,  +#,        +#",
        "$x/#,  NONE, +#,        ++/#",
        "$x/#,  ALL,  +$x/#,     +$x/#",
        "#,     ALL,  +#,        -$x/#",
        "+,     SOME, -a,        +#",
        "+/+,   SOME, ++/a,      ++/b",
        "a/+/c, SOME, -a/b/#,    +#",
        "a/#,   ALL,  +a,        +a/+/#",
        "a/#,   SOME, +a,        +a/+/+/#",
        "/a,    ALL,  ++/a,      ++/a",
        "/#,    SOME, +/a,       ++/b",
    })
    void findsWhatOfAFilterIsAllowed(String filter, Coverage coverage, String first, String second) {
        assertEquals(coverage, search(filter, false, first, second));
    }

    @Test
    void severalRulesTogetherMayCoverAFilter() {
        assertEquals(Coverage.ALL, search("a/#", false, "+a", "+a/+", "+a/+/+/#"));
        assertEquals(Coverage.SOME, search("a/#", false, "+a", "+a/+/+/#"));
        assertEquals(Coverage.ALL, search("a/#", true, "+a/b", "-a/b"));
    }

    @Test
    void rulesMadeToBeSlowEndInTheCarefulAnswer() {
        List<Rule> rules = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            for (int j = 0; j < 16; j++) {
                // At each level another half of the rules fits: subsets multiply.
                StringBuilder filter = new StringBuilder();
                for (int level = 0; level < 16; level++) {
                    filter.append(level == 0 ? "" : "/").append(level == i ? "w" + j : "+");
                }
                rules.add(new Rule(filter + "/#", true));
            }
        }
        rules.add(new Rule("#", true));
        assertEquals(Coverage.SOME, OverlapSearch.search("#", rules, false));
    }

    @Test
    void agreesWithTryingAllTopics() {
        List<String> topics = topics();
        Random random = new Random(20261128);
        int some = 0;
        for (int round = 0; round < 20_000; round++) {
            List<Rule> rules = new ArrayList<>();
            int count = random.nextInt(6);
            for (int i = 0; i < count; i++) {
                rules.add(new Rule(filter(random), random.nextBoolean()));
            }
            boolean byDefault = random.nextInt(4) == 0;
            String filter = filter(random);
            Coverage expected = bruteForce(topics, filter, rules, byDefault);
            assertEquals(expected, OverlapSearch.search(filter, rules, byDefault), filter + " by " + rules + byDefault);
            some += expected == Coverage.SOME ? 1 : 0;
        }
        assertEquals(true, some > 2_000, "the rounds say something: " + some);
    }

    private static Coverage bruteForce(List<String> topics, String filter, List<Rule> rules, boolean byDefault) {
        boolean allowed = false;
        boolean denied = false;
        for (String topic : topics) {
            if (TopicFilter.matches(filter, topic)) {
                boolean allow = rules.stream()
                        .filter(rule -> TopicFilter.matches(rule.filter(), topic))
                        .findFirst()
                        .map(Rule::allow)
                        .orElse(byDefault);
                allowed |= allow;
                denied |= !allow;
            }
        }
        return allowed && denied ? Coverage.SOME : allowed ? Coverage.ALL : Coverage.NONE;
    }

    /** All topics of up to four levels: filters here have at most three, so deeper ones bring nothing new. */
    private static List<String> topics() {
        List<String> all = new ArrayList<>();
        List<String> last = List.of("");
        for (int depth = 1; depth <= 4; depth++) {
            List<String> next = new ArrayList<>();
            for (String begin : last) {
                for (String level : LEVELS) {
                    next.add(depth == 1 ? level : begin + "/" + level);
                }
            }
            all.addAll(next);
            last = next;
        }
        all.remove("");
        return all;
    }

    private static String filter(Random random) {
        int depth = 1 + random.nextInt(3);
        List<String> levels = new ArrayList<>();
        for (int i = 0; i < depth; i++) {
            int choice = random.nextInt(6);
            boolean last = i == depth - 1;
            levels.add(last && choice == 0 ? "#" : choice <= 1 ? "+" : WORDS.get(random.nextInt(WORDS.size())));
        }
        String filter = String.join("/", levels);
        return filter.isEmpty() ? "+" : filter;
    }
}
