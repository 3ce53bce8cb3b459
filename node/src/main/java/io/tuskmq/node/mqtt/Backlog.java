package io.tuskmq.node.mqtt;

import java.util.concurrent.TimeUnit;

/**
 * What waits for a client that reads more slowly than we write, or not at all (I9). Above the high-water mark its session stops
 * sending; above twice that the client isn't read from either, so that no more replies pile up; in the end it is cut off. Lives on the
 * connection's event loop.
 */
final class Backlog {
    private final MqttConnection connection;
    private final Tap tap;
    private final Outbox outbox;
    private final MqttOptions.Limits limits;

    private boolean readingPaused;
    private boolean telling;
    private boolean toldWritable = true;
    private boolean watching;
    private long changedNanos;

    Backlog(MqttConnection connection, Tap tap, Outbox outbox, MqttOptions.Limits limits) {
        this.connection = connection;
        this.tap = tap;
        this.outbox = outbox;
        this.limits = limits;
    }

    Outbox outbox() {
        return outbox;
    }

    void writabilityChanged() {
        boolean writable = outbox.isChannelWritable();
        changedNanos = System.nanoTime();
        if (!writable && !watching) {
            watchLater(TimeUnit.MILLISECONDS.toNanos(limits.stalledMillisMax()));
        }
        if (writable && readingPaused) {
            readingPaused = false;
            tap.resume();
        }
        if (!telling) {
            // Not from within a send: the session is in the midst of its effects then.
            telling = true;
            tap.later(this::tell);
        }
    }

    private void tell() {
        telling = false;
        boolean writable = outbox.isChannelWritable();
        if (writable != toldWritable) {
            toldWritable = writable;
            connection.tellWritable(writable);
        }
    }

    private void watchLater(long nanos) {
        watching = true;
        tap.after(nanos, this::checkStalled);
    }

    private void checkStalled() {
        watching = false;
        if (outbox.isChannelWritable() || connection.isClosed()) {
            return;
        }
        long left = changedNanos + TimeUnit.MILLISECONDS.toNanos(limits.stalledMillisMax()) - System.nanoTime();
        if (left > 0) {
            watchLater(left);
        } else {
            connection.cutOff("does not read");
        }
    }

    /** To be called after each write: keeps what is queued below the limit, whatever is sent. */
    void bound() {
        long queued = outbox.queuedBytes();
        if (queued <= 2L * limits.writeHighBytes() || connection.isClosed()) {
            return;
        }
        if (queued > limits.queuedBytesMax()) {
            connection.cutOff("more than " + limits.queuedBytesMax() + " bytes wait for a client that does not read");
        } else if (!readingPaused && !outbox.isChannelWritable()) {
            readingPaused = true;
            tap.pause();
        }
    }
}
