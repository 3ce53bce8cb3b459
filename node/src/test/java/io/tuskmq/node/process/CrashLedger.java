package io.tuskmq.node.process;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What was acknowledged to publishers and what subscribers took, of numbered messages. A stream is one publisher's messages of one QoS:
 * numbers from 0, without gaps, each sent again until it is acknowledged.
 */
public final class CrashLedger {
    /**
     * One publisher's messages of one QoS.
     *
     * @param root the first level of the topics of this load: several may run one after the other on one broker
     */
    public record Stream(String root, int publisher, int qos) {
        public String topic() {
            return root + "/" + publisher + "/" + qos;
        }

        public static Stream of(String topic) {
            String[] levels = topic.split("/", -1);
            return new Stream(levels[0], Integer.parseInt(levels[1]), Integer.parseInt(levels[2]));
        }
    }

    private record Receipt(String subscriber, Stream stream) {}

    private static final ConcurrentSkipListSet<Integer> NO_CONNECTIONS = new ConcurrentSkipListSet<>();

    /** Whether what a publisher sends over a new connection may overtake what it sent over the last: I6 speaks of one connection. */
    private final boolean connectionsApart;

    /** By stream: the first number of each connection of its publisher. */
    private final Map<Stream, ConcurrentSkipListSet<Integer>> connections = new ConcurrentHashMap<>();

    private final Map<Stream, AtomicInteger> acknowledged = new ConcurrentHashMap<>();
    private final Map<Receipt, Taken> taken = new ConcurrentHashMap<>();
    private final List<String> faults = new CopyOnWriteArrayList<>();

    /** What one subscriber has of one stream; touched by its thread only. */
    private static final class Taken {
        private final BitSet numbers = new BitSet();
        private int count;
        private int duplicates;
        private int highest = -1;
    }

    /** The ledger of one node, where order holds also from one connection of a publisher to the next. */
    public CrashLedger() {
        this(false);
    }

    /** @param connectionsApart as with several nodes: the next connection may be to another one */
    public CrashLedger(boolean connectionsApart) {
        this.connectionsApart = connectionsApart;
    }

    /** The stream's publisher has a new connection; numbers from this one on go over it first. */
    public void connected(Stream stream, int number) {
        connections.computeIfAbsent(stream, s -> new ConcurrentSkipListSet<>()).add(number);
    }

    private boolean mayOvertake(Stream stream, int number, int later) {
        Integer begin = connections.getOrDefault(stream, NO_CONNECTIONS).higher(number);
        return connectionsApart && begin != null && begin <= later;
    }

    /** PUBACK or PUBCOMP came, in the order of the stream. */
    public void acknowledged(Stream stream, int number) {
        acknowledged.computeIfAbsent(stream, s -> new AtomicInteger()).accumulateAndGet(number + 1, Math::max);
    }

    public int acknowledged(Stream stream) {
        AtomicInteger count = acknowledged.get(stream);
        return count == null ? 0 : count.get();
    }

    /** A PUBLISH that is not a repetition of QoS 2's handshake. */
    public void taken(String subscriber, Stream stream, int number) {
        Taken of = taken.computeIfAbsent(new Receipt(subscriber, stream), r -> new Taken());
        of.count++;
        if (of.numbers.get(number)) {
            of.duplicates++;
            if (stream.qos() == 2) {
                faults.add(subscriber + " took " + stream + " number " + number + " twice");
            }
            return;
        }
        of.numbers.set(number);
        if (number < of.highest && !mayOvertake(stream, number, of.highest)) {
            faults.add(subscriber + " took " + stream + " number " + number + " after " + of.highest);
        }
        of.highest = Math.max(of.highest, number);
    }

    /** All that was acknowledged, of all streams. */
    public int acknowledged() {
        return acknowledged.values().stream().mapToInt(AtomicInteger::get).sum();
    }

    /** Whether the subscriber has as many different messages of every stream as were acknowledged. */
    public boolean hasAll(String subscriber) {
        return acknowledged.entrySet().stream()
                .allMatch(e -> distinct(subscriber, e.getKey()) >= e.getValue().get());
    }

    /** How many different messages of the stream the subscriber has. */
    public int distinct(String subscriber, Stream stream) {
        Taken of = taken.get(new Receipt(subscriber, stream));
        return of == null ? 0 : of.numbers.cardinality();
    }

    /** Faults, and all that was acknowledged and not taken by each of the subscribers. */
    public List<String> faults(List<String> subscribers) {
        List<String> all = new ArrayList<>(faults);
        acknowledged.forEach((stream, count) -> {
            for (String subscriber : subscribers) {
                Taken of = taken.get(new Receipt(subscriber, stream));
                int missing = of == null ? 0 : of.numbers.nextClearBit(0);
                if (missing < count.get()) {
                    all.add(subscriber + " never took " + stream + " number " + missing + " of " + count
                            + " acknowledged (it has " + distinct(subscriber, stream) + ")");
                }
            }
        });
        return all;
    }

    /** One line of counts for each QoS. */
    public String counts() {
        StringBuilder lines = new StringBuilder();
        for (int qos = 1; qos <= 2; qos++) {
            int of = qos;
            int acks = acknowledged.entrySet().stream()
                    .filter(e -> e.getKey().qos() == of)
                    .mapToInt(e -> e.getValue().get())
                    .sum();
            List<Taken> received = taken.entrySet().stream()
                    .filter(e -> e.getKey().stream().qos() == of)
                    .map(Map.Entry::getValue)
                    .toList();
            lines.append("qos=%d acknowledged=%d taken=%d distinct=%d duplicates=%d%n"
                    .formatted(
                            qos,
                            acks,
                            received.stream().mapToInt(t -> t.count).sum(),
                            received.stream()
                                    .mapToInt(t -> t.numbers.cardinality())
                                    .sum(),
                            received.stream().mapToInt(t -> t.duplicates).sum()));
        }
        return lines.toString();
    }
}
