package io.tuskmq.node.rules;

import java.util.AbstractQueue;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** A queue that costs one small object until something waits in it: most sessions do nothing, and there are many of them. */
public final class LazyQueue<E> extends AbstractQueue<E> {
    private @Nullable ArrayDeque<E> queue;

    private ArrayDeque<E> made() {
        ArrayDeque<E> made = queue;
        if (made == null) {
            made = new ArrayDeque<>(1);
            queue = made;
        }
        return made;
    }

    @Override
    public boolean offer(E element) {
        return made().offer(element);
    }

    /** Before all others. */
    public void addFirst(E element) {
        made().addFirst(element);
    }

    @Override
    public @Nullable E poll() {
        ArrayDeque<E> made = queue;
        return made == null ? null : made.poll();
    }

    @Override
    public @Nullable E peek() {
        ArrayDeque<E> made = queue;
        return made == null ? null : made.peek();
    }

    @Override
    public void clear() {
        ArrayDeque<E> made = queue;
        if (made != null) {
            made.clear();
        }
    }

    /** Gives back what it has made, if nothing waits in it. */
    public void trim() {
        if (queue != null && queue.isEmpty()) {
            queue = null;
        }
    }

    @Override
    public boolean isEmpty() {
        ArrayDeque<E> made = queue;
        return made == null || made.isEmpty();
    }

    @Override
    public int size() {
        ArrayDeque<E> made = queue;
        return made == null ? 0 : made.size();
    }

    @Override
    public Iterator<E> iterator() {
        ArrayDeque<E> made = queue;
        return made == null ? Collections.emptyIterator() : made.iterator();
    }
}
