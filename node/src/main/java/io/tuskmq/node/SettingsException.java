package io.tuskmq.node;

import java.util.List;

/** The settings are wrong: a sentence for each fault, naming the key and what is allowed. The start ends with exit code 2. */
public final class SettingsException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient List<String> problems;

    public SettingsException(List<String> problems) {
        super(String.join("\n", problems));
        this.problems = List.copyOf(problems);
    }

    public List<String> problems() {
        return problems;
    }

    @Override
    public String getMessage() {
        return String.join("\n", problems);
    }
}
