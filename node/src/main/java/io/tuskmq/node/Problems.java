package io.tuskmq.node;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What is wrong with the settings, collected so that a user sees all of it at once. */
final class Problems {
    private static final int SUGGESTION_EDITS_MAX = 3;

    private final List<String> sentences = new ArrayList<>();

    void add(String sentence) {
        sentences.add(sentence);
    }

    void check(Setting<?> setting, String text) {
        try {
            setting.parse(text);
        } catch (IllegalArgumentException e) {
            // A URL's value is not repeated: it may hold a password. Its parser says what is wrong without it.
            String what = setting.equals(Settings.DATABASE_URL)
                    ? String.valueOf(e.getMessage())
                    : "'" + text + "' is not allowed";
            add(setting.key() + ": " + what + "; allowed: " + setting.allowed());
        }
    }

    void orThrow() {
        if (!sentences.isEmpty()) {
            throw new SettingsException(sentences);
        }
    }

    /** A hint for a mistyped key, or nothing. */
    static String suggestion(String key) {
        Optional<String> near = Settings.ALL.stream()
                .map(Setting::key)
                .filter(known -> edits(known, key) <= SUGGESTION_EDITS_MAX)
                .min(java.util.Comparator.comparingInt(known -> edits(known, key)));
        return near.map(known -> "; did you mean " + known + "?").orElse("; 'tuskmq --help' lists them all");
    }

    /** Levenshtein's distance. */
    private static int edits(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
