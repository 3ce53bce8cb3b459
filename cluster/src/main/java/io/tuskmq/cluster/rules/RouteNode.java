package io.tuskmq.cluster.rules;

import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A node of the {@link RouteTree}: one level below its parent. Written by the tree's one writer, read by all. Most nodes have one
 * child or none, so a map is made only for the second.
 */
final class RouteNode<R> implements RouteChildren<R> {
    /** Below this many children a map is not worth making smaller. */
    private static final int SHRINK_FROM = 64;

    final String level;

    /** What belongs to the filter that ends here. */
    volatile @Nullable R value;

    /** What belongs to the filter that goes on with "#" from here. */
    volatile @Nullable R rest;

    volatile @Nullable RouteNode<R> plus;

    /** The children by name: none, the only one itself, or a map. One field, so that a reader sees one or the other. */
    private volatile @Nullable RouteChildren<R> children;

    /** A ConcurrentHashMap never shrinks by itself, so the most that it ever held is kept beside it (the writer's). */
    static final class Many<R> implements RouteChildren<R> {
        final ConcurrentHashMap<String, RouteNode<R>> byLevel = new ConcurrentHashMap<>(2);
        int peak;

        void add(RouteNode<R> child) {
            byLevel.put(child.level, child);
            peak = Math.max(peak, byLevel.size());
        }
    }

    RouteNode(String level) {
        this.level = level;
    }

    /** The child named by this part of the text. Makes a string only where there are several to choose from. */
    @Nullable
    RouteNode<R> child(String text, int from, int end) {
        return switch (children) {
            case null -> null;
            case RouteNode<R> only -> {
                int length = end - from;
                yield only.level.length() == length && only.level.regionMatches(0, text, from, length) ? only : null;
            }
            case Many<R> many -> many.byLevel.get(text.substring(from, end));
        };
    }

    /** The child of this level, "+" among them, made if there is none. */
    RouteNode<R> childOrNew(String childLevel) {
        boolean wild = childLevel.equals("+");
        RouteNode<R> there = wild ? plus : child(childLevel, 0, childLevel.length());
        if (there != null) {
            return there;
        }
        RouteNode<R> child = new RouteNode<>(childLevel);
        if (wild) {
            plus = child;
            return child;
        }
        switch (children) {
            case null -> children = child;
            case RouteNode<R> only -> {
                Many<R> many = new Many<>();
                many.add(only);
                many.add(child);
                children = many;
            }
            case Many<R> many -> many.add(child);
        }
        return child;
    }

    /** Forgets a child. Readers that already stand on it go on undisturbed. */
    void unlink(RouteNode<R> child) {
        if (plus == child) {
            plus = null;
            return;
        }
        switch (children) {
            case null -> throw new IllegalStateException("not a child: " + child.level);
            case RouteNode<R> only -> {
                assert only == child;
                children = null;
            }
            case Many<R> many -> {
                many.byLevel.remove(child.level);
                shrink(many);
            }
        }
    }

    private void shrink(Many<R> many) {
        int left = many.byLevel.size();
        if (left == 1) {
            children = many.byLevel.values().iterator().next();
        } else if (many.peak >= SHRINK_FROM && left <= many.peak / 8) {
            Many<R> smaller = new Many<>();
            many.byLevel.values().forEach(smaller::add);
            children = smaller;
        }
    }

    boolean empty() {
        return value == null && rest == null && plus == null && children == null;
    }

    void forEachChild(Consumer<RouteNode<R>> each) {
        switch (children) {
            case null -> {}
            case RouteNode<R> only -> each.accept(only);
            case Many<R> many -> many.byLevel.values().forEach(each);
        }
    }

    int nodesBelow() {
        int[] count = {0};
        Consumer<RouteNode<R>> add = node -> count[0] += 1 + node.nodesBelow();
        forEachChild(add);
        RouteNode<R> wild = plus;
        if (wild != null) {
            add.accept(wild);
        }
        return count[0];
    }
}
