package io.tuskmq.cluster.rules;

/** Whether a connection's peer is still there: it is, while bytes come. One for each connection; not thread-safe. */
public final class KeepAlive {
    private final long idleMillis;
    private final long tickMillis;
    private long heardMillis;
    private long tickedMillis;

    /**
     * @param tickMillis how often {@link #isSilent} will be asked
     * @param idleMillis without a byte the peer is taken for gone
     */
    public KeepAlive(long tickMillis, long idleMillis, long nowMillis) {
        this.tickMillis = tickMillis;
        this.idleMillis = idleMillis;
        heardMillis = nowMillis;
        tickedMillis = nowMillis;
    }

    public void heard(long nowMillis) {
        heardMillis = nowMillis;
    }

    /**
     * Whether the peer was silent for too long. Time in which this process did not run (it was stopped, or its event loop was held up) is not held
     * against the peer: what it sent meanwhile may not have been read yet.
     */
    public boolean isSilent(long nowMillis) {
        long late = nowMillis - tickedMillis - tickMillis;
        tickedMillis = nowMillis;
        if (late > tickMillis) {
            heardMillis = Math.min(heardMillis + late, nowMillis);
        }
        return nowMillis - heardMillis >= idleMillis;
    }
}
