package io.tuskmq.node.rules;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A map in the order in which keys came that costs one small object until something is put in: most sessions do nothing, and there are
 * many of them.
 */
public final class LazyMap<K, V> {
    private static final int FIRST_ENTRIES = 2;

    private @Nullable Map<K, V> map;

    public void put(K key, V value) {
        Map<K, V> made = map;
        if (made == null) {
            made = new LinkedHashMap<>(FIRST_ENTRIES);
            map = made;
        }
        made.put(key, value);
    }

    public @Nullable V get(K key) {
        Map<K, V> made = map;
        return made == null ? null : made.get(key);
    }

    /** Returns what was there. */
    public @Nullable V remove(K key) {
        Map<K, V> made = map;
        if (made == null) {
            return null;
        }
        V removed = made.remove(key);
        if (made.isEmpty()) {
            map = null;
        }
        return removed;
    }

    public boolean isEmpty() {
        return size() == 0;
    }

    public int size() {
        Map<K, V> made = map;
        return made == null ? 0 : made.size();
    }

    public Collection<K> keys() {
        Map<K, V> made = map;
        return made == null ? List.of() : made.keySet();
    }

    public Collection<V> values() {
        Map<K, V> made = map;
        return made == null ? List.of() : made.values();
    }
}
