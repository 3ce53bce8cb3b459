package io.tuskmq.load.ledger;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/**
 * The books of one run: every message that was acknowledged to its publisher must reach each of its receivers, as often as its QoS allows
 * and in its publisher's order. Streams and receivers are made before the load starts, by one thread; {@link #findings} and the sums are
 * read while nobody writes.
 */
public final class Ledger {
    private final List<Stream> streams = new ArrayList<>();
    private final List<Receiver> receivers = new ArrayList<>();
    private final LongAdder sessionsLost = new LongAdder();

    public Stream stream(int qos) {
        Stream stream = new Stream(streams.size(), qos);
        streams.add(stream);
        return stream;
    }

    public Receiver receiver() {
        return add(new Receiver(true));
    }

    /** A receiver for several sessions that share what they get; its caller sees to it that only one writes at a time. */
    public Receiver group() {
        return add(new Receiver(false));
    }

    private Receiver add(Receiver receiver) {
        receivers.add(receiver);
        return receiver;
    }

    public List<Stream> streams() {
        return List.copyOf(streams);
    }

    /** Takes up a stream that an earlier run has filled. */
    public Stream take(int qos, int sent, int[] ackedBounds) {
        Stream stream = new Stream(streams.size(), qos, sent, NumberRuns.of(ackedBounds));
        streams.add(stream);
        return stream;
    }

    /** What {@link #take} wants to have of a stream. */
    public static int[] ackedBounds(Stream stream) {
        return stream.acked().bounds();
    }

    /** A session that the broker should have kept was gone. Any thread. */
    public void sessionLost() {
        sessionsLost.increment();
    }

    public long acked() {
        return streams.stream().mapToLong(stream -> stream.acked().size()).sum();
    }

    /** How many deliveries there must be when all has arrived. */
    public long expected() {
        return receivers.stream().mapToLong(Receiver::expected).sum();
    }

    public Findings findings() {
        Findings sum = new Findings(0, 0, 0, 0, 0, 0, 0, 0, sessionsLost.sum());
        for (Receiver receiver : receivers) {
            sum = sum.plus(receiver.findings());
        }
        return sum;
    }

    /** What became of the messages that were sent, in the words of the report. */
    public Map<String, Object> sentForm() {
        Map<String, Object> form = new LinkedHashMap<>();
        form.put("sent", streams.stream().mapToLong(Stream::sent).sum());
        form.put("acknowledged", acked());
        form.put("refused", streams.stream().mapToLong(Stream::refusedCount).sum());
        form.put("abandoned", streams.stream().mapToLong(Stream::abandonedCount).sum());
        return form;
    }
}
