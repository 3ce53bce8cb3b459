package io.tuskmq.node.auth;

import io.tuskmq.storage.Access;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Rules in words, one a line: {@code allow|deny ACTIONS TOPIC [principal=NAME] [client=ID] [address=NETWORK] [qos=DIGITS]}. A word with blanks
 * is put in quotes, inside which a backslash takes the next character as it is. A line that begins with {@code #} is a comment.
 */
public final class AclText {
    private static final int LINES_MAX = 100_000;

    private AclText() {}

    /** @throws IllegalArgumentException with the line's number and what is wrong */
    public static List<AclRule> parse(String text) {
        List<AclRule> rules = new ArrayList<>();
        int number = 0;
        for (String line : text.split("\\R", LINES_MAX)) {
            number++;
            String stripped = line.strip();
            if (!stripped.isEmpty() && !stripped.startsWith("#")) {
                try {
                    rules.add(rule(stripped));
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException("line " + number + ": " + e.getMessage());
                }
            }
        }
        return List.copyOf(rules);
    }

    /** @throws IllegalArgumentException with what is wrong */
    public static AclRule rule(String line) {
        List<String> words = words(line);
        if (words.size() < 3) {
            throw new IllegalArgumentException("a rule is: allow|deny actions topic ...");
        }
        String effect = words.getFirst();
        if (!effect.equals("allow") && !effect.equals("deny")) {
            throw new IllegalArgumentException("a rule begins with allow or deny, not with '" + effect + "'");
        }
        String principal = "*";
        String clientId = "*";
        Optional<Network> address = Optional.empty();
        int qosMask = AclRule.ANY_QOS;
        Set<String> seen = new HashSet<>();
        for (String word : words.subList(3, words.size())) {
            int equals = word.indexOf('=');
            String key = equals < 0 ? word : word.substring(0, equals);
            String value = word.substring(equals + 1);
            if (equals < 0 || value.isEmpty() || !seen.add(key)) {
                throw new IllegalArgumentException("'" + word + "' is no condition, or is there twice");
            }
            switch (key) {
                case "principal" -> principal = value;
                case "client" -> clientId = value;
                case "address" -> address = Optional.of(AclRule.network(value));
                case "qos" -> qosMask = AclRule.qosMask(value);
                default -> throw new IllegalArgumentException("there is no condition '" + key + "'");
            }
        }
        return new AclRule(
                effect.equals("allow"),
                AclRule.actions(words.get(1)),
                words.get(2),
                principal,
                clientId,
                address,
                qosMask);
    }

    /** A row in these words; marked where it is no rule. */
    public static String ofRow(Access.Rule row) {
        try {
            return AclRule.of(row).toString();
        } catch (IllegalArgumentException e) {
            return "INVALID: " + e.getMessage();
        }
    }

    private static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean inWord = false;
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (quoted && c == '\\' && i + 1 < line.length()) {
                word.append(line.charAt(++i));
            } else if (c == '"') {
                quoted = !quoted;
                inWord = true;
            } else if (!quoted && Character.isWhitespace(c)) {
                if (inWord) {
                    words.add(word.toString());
                }
                word.setLength(0);
                inWord = false;
            } else {
                word.append(c);
                inWord = true;
            }
        }
        if (quoted) {
            throw new IllegalArgumentException("a quote is not closed");
        }
        if (inWord) {
            words.add(word.toString());
        }
        return words;
    }

    static String quoted(String word) {
        boolean plain =
                !word.isEmpty() && word.chars().noneMatch(c -> Character.isWhitespace(c) || c == '"' || c == '\\');
        return plain ? word : "\"" + word.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }
}
