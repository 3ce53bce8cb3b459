package io.tuskmq.node.simulation;

import java.util.List;

/** The topics and filters that clients of a simulation use. */
final class Topics {
    static final List<String> ALL = List.of("a/0", "a/1", "b");
    static final List<String> FILTERS = List.of("a/0", "a/+", "a/#", "b", "#");

    private Topics() {}

    /** Whether the filter (one of {@link #FILTERS}) matches the topic. */
    static boolean matches(String filter, String topic) {
        return switch (filter) {
            case "#" -> true;
            case "a/+", "a/#" -> topic.startsWith("a/");
            default -> filter.equals(topic);
        };
    }
}
