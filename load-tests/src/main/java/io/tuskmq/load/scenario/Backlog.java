package io.tuskmq.load.scenario;

import io.tuskmq.load.ledger.Ledger;
import io.tuskmq.load.ledger.Receiver;
import io.tuskmq.load.ledger.Stream;
import io.tuskmq.load.report.Tree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Sessions that are away and what waits for them: enough to bring them back from another process.
 *
 * @param prefix of topics and client ids
 * @param topics session i subscribes to topic i modulo topics
 * @param streams of the first publisher by topic, then of the second one, and so on
 */
record Backlog(int run, String prefix, int qos, int topics, int sessions, List<Stream> streams) {
    String topic(int number) {
        return prefix + "/" + number;
    }

    String session(int number) {
        return prefix + "-s" + number;
    }

    long acked() {
        return streams.stream()
                .mapToLong(stream -> {
                    int[] bounds = Ledger.ackedBounds(stream);
                    long sum = 0;
                    for (int i = 0; i < bounds.length; i += 2) {
                        sum += bounds[i + 1] - bounds[i];
                    }
                    return sum;
                })
                .sum();
    }

    /** How many sessions come back when there are to be about so many deliveries; each of these gets all of its messages. */
    int sample(long deliveriesMax) {
        long each = Math.max(1, acked() / topics);
        return topics > 1 ? sessions : Math.clamp(deliveriesMax / each, 1, sessions);
    }

    /** The books of one session. */
    Receiver receiver(Ledger ledger, int session) {
        Receiver receiver = ledger.receiver();
        for (int i = session % topics; i < streams.size(); i += topics) {
            receiver.expects(streams.get(i));
        }
        return receiver;
    }

    /** For a file. */
    Map<String, Object> form() {
        Map<String, Object> form = new LinkedHashMap<>();
        form.put("tuskmq_load_backlog", 1);
        form.put("run", run);
        form.put("prefix", prefix);
        form.put("qos", qos);
        form.put("topics", topics);
        form.put("sessions", sessions);
        List<Object> filled = new ArrayList<>();
        for (Stream stream : streams) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("sent", stream.sent());
            one.put(
                    "acked_from_to",
                    Arrays.stream(Ledger.ackedBounds(stream)).boxed().toList());
            filled.add(one);
        }
        form.put("streams", filled);
        return form;
    }

    /** From a file; the streams enter the ledger. Throws IllegalArgumentException when it is something else. */
    static Backlog of(Map<?, ?> form, Ledger ledger) {
        if (Tree.number(form, "tuskmq_load_backlog") != 1) {
            throw new IllegalArgumentException("this is no state of an offline-fill");
        }
        int qos = (int) Tree.number(form, "qos");
        List<Stream> streams = new ArrayList<>();
        for (Object stream : Tree.list(form, "streams")) {
            int[] bounds = Tree.list(Tree.map(stream), "acked_from_to").stream()
                    .mapToInt(bound -> ((Number) bound).intValue())
                    .toArray();
            streams.add(ledger.take(qos, (int) Tree.number(Tree.map(stream), "sent"), bounds));
        }
        return new Backlog(
                (int) Tree.number(form, "run"),
                Tree.text(form, "prefix"),
                qos,
                (int) Tree.number(form, "topics"),
                (int) Tree.number(form, "sessions"),
                streams);
    }
}
