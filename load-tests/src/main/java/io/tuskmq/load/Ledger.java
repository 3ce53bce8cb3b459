package io.tuskmq.load;

import java.nio.ByteBuffer;
import java.util.BitSet;

/** What was acknowledged must arrive: counts, for one subscriber, the numbered messages that came, and those that came again. */
final class Ledger {
    private final int expected;
    private final BitSet seen = new BitSet();
    private int repeated;
    private int outOfOrder;
    private final int[] lastOfPublisher;

    /**
     * @param publishers how many publishers there are; each numbers its messages from 0
     * @param perPublisher messages of each
     */
    Ledger(int publishers, int perPublisher) {
        this.expected = publishers * perPublisher;
        this.lastOfPublisher = new int[publishers];
        java.util.Arrays.fill(lastOfPublisher, -1);
    }

    /** The first eight bytes of a payload: who published it, and its number. */
    static void stamp(byte[] payload, int publisher, int number) {
        ByteBuffer.wrap(payload).putInt(publisher).putInt(number);
    }

    void arrived(byte[] payload) {
        ByteBuffer stamp = ByteBuffer.wrap(payload);
        int publisher = stamp.getInt();
        int number = stamp.getInt();
        int index = number * lastOfPublisher.length + publisher;
        if (seen.get(index)) {
            repeated++;
            return;
        }
        seen.set(index);
        if (number < lastOfPublisher[publisher]) {
            outOfOrder++;
        }
        lastOfPublisher[publisher] = number;
    }

    boolean isComplete() {
        return seen.cardinality() == expected;
    }

    int missing() {
        return expected - seen.cardinality();
    }

    int repeated() {
        return repeated;
    }

    int outOfOrder() {
        return outOfOrder;
    }
}
