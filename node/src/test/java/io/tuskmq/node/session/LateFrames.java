package io.tuskmq.node.session;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.Peer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** A node's ear for one other node, which hears later what that one says, in its order. */
final class LateFrames {
    private final Queue<Runnable> later = new ArrayDeque<>();
    private long holding = -1;

    /** From now on nothing of the node is heard. */
    synchronized void hold(long incarnation) {
        holding = incarnation;
    }

    /** All of it is heard. */
    synchronized void release() {
        holding = -1;
        later.forEach(Runnable::run);
        later.clear();
    }

    private synchronized boolean held(Peer from, Runnable call) {
        return from.incarnation() == holding && later.add(call);
    }

    Cluster over(Cluster cluster) {
        return (Cluster) Proxy.newProxyInstance(
                Cluster.class.getClassLoader(), new Class<?>[] {Cluster.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("open")) {
                        return cluster.open(over((Cluster.Listener) arguments[0]));
                    }
                    return call(cluster, method, arguments);
                });
    }

    private Cluster.Listener over(Cluster.Listener listener) {
        return (Cluster.Listener) Proxy.newProxyInstance(
                Cluster.class.getClassLoader(), new Class<?>[] {Cluster.Listener.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("told")) {
                        told(listener, (Peer) arguments[0], (Buffer) arguments[1]);
                        return null;
                    }
                    if (method.getName().equals("asked")) {
                        return asked(listener, (Peer) arguments[0], (Buffer) arguments[1]);
                    }
                    return call(listener, method, arguments);
                });
    }

    private void told(Cluster.Listener listener, Peer from, Buffer body) {
        if (!held(from, () -> listener.told(from, body))) {
            listener.told(from, body);
        }
    }

    private Future<Buffer> asked(Cluster.Listener listener, Peer from, Buffer body) {
        Promise<Buffer> answer = Promise.promise();
        return held(from, () -> listener.asked(from, body).onComplete(answer))
                ? answer.future()
                : listener.asked(from, body);
    }

    private static @Nullable Object call(Object target, Method method, @Nullable Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }
}
