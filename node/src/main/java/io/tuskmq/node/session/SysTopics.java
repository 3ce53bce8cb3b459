package io.tuskmq.node.session;

import io.tuskmq.cluster.rules.TopicFilter;
import io.tuskmq.storage.Message;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * The node's own topics under {@code $SYS/}: QoS 0, retained in memory only, published when their value changed. They never touch the
 * store; clients can't publish there.
 */
public final class SysTopics {
    private static final String ROOT = "$SYS";

    private final Map<String, Message> current = new ConcurrentSkipListMap<>();
    private final Router router;

    public SysTopics(Router router) {
        this.router = router;
    }

    /** Whether the filter asks for topics of the broker itself. */
    boolean owns(String filter) {
        return filter.equals(ROOT) || filter.startsWith(ROOT + "/");
    }

    List<Message> retained(String filter) {
        return current.values().stream()
                .filter(message -> TopicFilter.matches(filter, message.topic()))
                .toList();
    }

    /** Publishes the value, unless it is what was published last. The topic is given without {@code $SYS/}. */
    public void publish(String topic, String value) {
        byte[] payload = value.getBytes(StandardCharsets.UTF_8);
        String full = ROOT + "/" + topic;
        Message last = current.get(full);
        if (last == null || !java.util.Arrays.equals(last.payload(), payload)) {
            Message message = Message.of(full, payload, 0, true);
            current.put(full, message);
            router.publishHere(message);
        }
    }
}
