package io.tuskmq.load.ledger;

/** The messages of one publisher on one topic with one QoS, numbered from 0. It belongs to its publisher's event loop. */
public final class Stream {
    private final int id;
    private final int qos;
    private int sent;
    private final NumberRuns acked;
    private final NumberRuns resent = new NumberRuns();
    private long abandoned;
    private long refused;

    Stream(int id, int qos) {
        this(id, qos, 0, new NumberRuns());
    }

    Stream(int id, int qos, int sent, NumberRuns acked) {
        this.id = id;
        this.qos = qos;
        this.sent = sent;
        this.acked = acked;
    }

    public int id() {
        return id;
    }

    public int qos() {
        return qos;
    }

    /** Takes the next number. A message with QoS 0 counts as acknowledged when it is sent: nothing more is ever heard of it. */
    public int next() {
        if (qos == 0) {
            acked.add(sent);
        }
        return sent++;
    }

    public int sent() {
        return sent;
    }

    /** Throws when this message is acknowledged a second time: the books of the broker are wrong then, or ours. */
    public void acked(int number) {
        if (number >= sent || !acked.add(number)) {
            throw new IllegalStateException("message " + number + " was acknowledged without being asked for");
        }
    }

    /** The message is sent a second time, so that with QoS 1 it may arrive twice, each time as a first delivery. */
    public void resent(int number) {
        resent.add(number);
    }

    public void abandoned() {
        abandoned++;
    }

    public void refused() {
        refused++;
    }

    boolean wasResent(int number) {
        return resent.contains(number);
    }

    NumberRuns acked() {
        return acked;
    }

    long abandonedCount() {
        return abandoned;
    }

    long refusedCount() {
        return refused;
    }
}
