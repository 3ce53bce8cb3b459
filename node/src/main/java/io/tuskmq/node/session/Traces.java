package io.tuskmq.node.session;

import io.tuskmq.storage.Message;

/**
 * Told of the way of some messages: those whose log id {@link #takes} picks, which is the same on all nodes. From any thread.
 */
public interface Traces {
    /** Nothing is traced. */
    Traces OFF = new Traces() {
        @Override
        public long nowNanos() {
            return 0;
        }

        @Override
        public boolean takes(long logId) {
            return false;
        }

        @Override
        public void committed(Committed committed) {}

        @Override
        public Runnable delivery(long logId, Runnable delivery) {
            return delivery;
        }

        @Override
        public void close() {}
    };

    /**
     * A message that is in the log now.
     *
     * @param publishedNanos when it was taken in, by {@link #nowNanos}
     * @param appendNanos how long its batch took
     * @param forwarded whether it goes to other nodes
     */
    record Committed(long logId, Message message, long publishedNanos, long appendNanos, boolean forwarded) {}

    /** Nanoseconds since 1970; 0 when nothing is traced. */
    long nowNanos();

    boolean takes(long logId);

    /** One that it takes. */
    void committed(Committed committed);

    /** The same work, traced from now until it is done. */
    Runnable delivery(long logId, Runnable delivery);

    /** Lets go of what it still has, without waiting for it. */
    void close();
}
