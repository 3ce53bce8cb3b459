package io.tuskmq.node.rules;

import java.util.AbstractSet;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A set that costs one small object until something is put in: most sessions do nothing, and there are many of them. */
public final class LazySet<E> extends AbstractSet<E> {
    private @Nullable Set<E> set;

    @Override
    public boolean add(E element) {
        Set<E> made = set;
        if (made == null) {
            made = new HashSet<>();
            set = made;
        }
        return made.add(element);
    }

    @Override
    public boolean remove(@Nullable Object element) {
        Set<E> made = set;
        return made != null && made.remove(element);
    }

    @Override
    public boolean contains(@Nullable Object element) {
        Set<E> made = set;
        return made != null && made.contains(element);
    }

    @Override
    public void clear() {
        Set<E> made = set;
        if (made != null) {
            made.clear();
        }
    }

    @Override
    public int size() {
        Set<E> made = set;
        return made == null ? 0 : made.size();
    }

    @Override
    public Iterator<E> iterator() {
        Set<E> made = set;
        return made == null ? Collections.emptyIterator() : made.iterator();
    }
}
