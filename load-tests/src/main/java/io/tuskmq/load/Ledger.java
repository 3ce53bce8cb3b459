package io.tuskmq.load;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * What one scenario published and got: every message that was acknowledged to its publisher must reach each of its receivers, once
 * as a first delivery and in its publisher's order.
 *
 * <p>Messages are numbered from 0 by their publisher. Each {@link Outgoing} and each {@link Receiver} belongs to one thread while the
 * scenario runs; {@link #check} comes after all have ended.
 */
final class Ledger {
    private final List<Outgoing> publishers = new ArrayList<>();

    Ledger(int publishers, int messagesEach) {
        for (int i = 0; i < publishers; i++) {
            this.publishers.add(new Outgoing(messagesEach));
        }
    }

    Outgoing publisher(int index) {
        return publishers.get(index);
    }

    /** A receiver of the messages whose number leaves {@code part} when divided by {@code parts}. */
    Receiver receiver(int part, int parts) {
        return new Receiver(publishers, part, parts);
    }

    long acked() {
        return publishers.stream().mapToLong(p -> p.acked.cardinality()).sum();
    }

    static Findings check(List<Receiver> receivers) {
        Findings sum = new Findings(0, 0, 0, 0, 0, 0);
        for (Receiver receiver : receivers) {
            sum = sum.plus(receiver.findings());
        }
        return sum;
    }

    /** The messages of one publisher. */
    static final class Outgoing {
        private final BitSet acked;
        private final int messages;

        private Outgoing(int messages) {
            this.messages = messages;
            this.acked = new BitSet(messages);
        }

        /** Throws when this message was never sent or is acknowledged a second time: the broker's books are wrong then. */
        void acked(int number) {
            if (number < 0 || number >= messages || acked.get(number)) {
                throw new IllegalStateException("message " + number + " was acknowledged without being asked for");
            }
            acked.set(number);
        }
    }

    /** What one session got. */
    static final class Receiver {
        private final List<Outgoing> publishers;
        private final int part;
        private final int parts;
        private final List<BitSet> got = new ArrayList<>();
        private final int[] last;
        private long first;
        private long repeated;
        private long redelivered;
        private long foreign;
        private long outOfOrder;

        private Receiver(List<Outgoing> publishers, int part, int parts) {
            this.publishers = publishers;
            this.part = part;
            this.parts = parts;
            this.last = new int[publishers.size()];
            for (int i = 0; i < last.length; i++) {
                got.add(new BitSet());
                last[i] = -1;
            }
        }

        /** How many messages this session must get. */
        long expected() {
            return publishers.stream()
                    .mapToLong(p -> p.acked.stream().filter(this::isMine).count())
                    .sum();
        }

        /** Different messages that came so far. */
        long first() {
            return first;
        }

        void received(int publisher, int number, boolean dup) {
            if (publisher < 0
                    || publisher >= last.length
                    || number < 0
                    || number >= publishers.get(publisher).messages
                    || !isMine(number)) {
                foreign++;
            } else if (got.get(publisher).get(number)) {
                // A redelivery is QoS 1's right when it says so [MQTT-3.3.1-1].
                redelivered += dup ? 1 : 0;
                repeated += dup ? 0 : 1;
            } else {
                got.get(publisher).set(number);
                first++;
                outOfOrder += number < last[publisher] ? 1 : 0;
                last[publisher] = Math.max(last[publisher], number);
            }
        }

        private boolean isMine(int number) {
            return number % parts == part;
        }

        private Findings findings() {
            long lost = 0;
            for (int i = 0; i < last.length; i++) {
                BitSet missing = (BitSet) publishers.get(i).acked.clone();
                missing.andNot(got.get(i));
                lost += missing.stream().filter(this::isMine).count();
            }
            return new Findings(first, lost, repeated, redelivered, foreign, outOfOrder);
        }
    }

    /**
     * Sums over receivers.
     *
     * @param delivered different messages that arrived
     * @param lost acknowledged, but never arrived
     * @param doubled arrived again without the DUP flag
     * @param redelivered arrived again with the DUP flag, as QoS 1 may
     * @param foreign not one of this session's messages
     * @param outOfOrder first deliveries after a later one of the same publisher
     */
    record Findings(long delivered, long lost, long doubled, long redelivered, long foreign, long outOfOrder) {
        boolean areClean() {
            return lost == 0 && doubled == 0 && foreign == 0 && outOfOrder == 0;
        }

        Findings plus(Findings other) {
            return new Findings(
                    delivered + other.delivered,
                    lost + other.lost,
                    doubled + other.doubled,
                    redelivered + other.redelivered,
                    foreign + other.foreign,
                    outOfOrder + other.outOfOrder);
        }
    }
}
