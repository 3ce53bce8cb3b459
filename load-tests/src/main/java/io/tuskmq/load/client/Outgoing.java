package io.tuskmq.load.client;

/** One message on its way to the broker. It belongs to its client's event loop. */
public final class Outgoing {
    enum Awaits {
        PUBACK,
        PUBREC,
        PUBCOMP
    }

    private final Flow flow;
    private final int number;
    private final long intendedNanos;

    int packetId;
    long order;
    Awaits awaits = Awaits.PUBACK;

    /**
     * @param number counted from 0 in its stream
     * @param intendedNanos when it was to be sent, on the clock of {@link System#nanoTime}
     */
    public Outgoing(Flow flow, int number, long intendedNanos) {
        this.flow = flow;
        this.number = number;
        this.intendedNanos = intendedNanos;
    }

    public Flow flow() {
        return flow;
    }

    public int number() {
        return number;
    }

    public long intendedNanos() {
        return intendedNanos;
    }
}
