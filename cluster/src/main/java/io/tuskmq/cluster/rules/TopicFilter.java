package io.tuskmq.cluster.rules;

/** Topic filters: their form (MQTT 4.7) and whether one matches a topic name. */
public final class TopicFilter {
    private TopicFilter() {}
}
