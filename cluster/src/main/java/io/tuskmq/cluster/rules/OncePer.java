package io.tuskmq.cluster.rules;

import java.util.concurrent.ConcurrentHashMap;

/** Lets each key through once in a while: for logs that an attacker must not be able to fill. May be used by all threads. */
public final class OncePer<K> {
    private final long intervalMillis;
    private final int keysMax;
    private final ConcurrentHashMap<K, Long> passed = new ConcurrentHashMap<>();

    public OncePer(long intervalMillis, int keysMax) {
        this.intervalMillis = intervalMillis;
        this.keysMax = keysMax;
    }

    /** Whether the key comes for the first time in the interval. When too many keys are known, new ones are not let through. */
    public boolean passes(K key, long nowMillis) {
        Long before = passed.get(key);
        if (before != null) {
            return nowMillis - before >= intervalMillis && passed.replace(key, before, nowMillis);
        }
        if (passed.size() >= keysMax) {
            passed.values().removeIf(time -> nowMillis - time >= intervalMillis);
            if (passed.size() >= keysMax) {
                return false;
            }
        }
        return passed.putIfAbsent(key, nowMillis) == null;
    }
}
