package io.tuskmq.node.simulation;

import io.netty.channel.EventLoop;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.lang.reflect.Proxy;
import java.util.HashSet;
import java.util.Set;

/** As much of Vert.x as the code above the edge asks for, in virtual time: timers and contexts of one process. */
final class SimVertx {
    private final SimProcess process;
    private final VertxInternal vertx;
    private final Set<Long> timers = new HashSet<>();
    private long lastTimer;

    SimVertx(SimProcess process) {
        this.process = process;
        this.vertx = proxy(VertxInternal.class, "vertx", this::call);
    }

    private interface Calls {
        Object call(String method, Object[] arguments);
    }

    @SuppressWarnings("ReferenceEquality") // it is equal to itself alone
    private static <T> T proxy(Class<T> type, String name, Calls calls) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    Object[] given = arguments == null ? new Object[0] : arguments;
                    return switch (method.getName()) {
                        case "equals" -> self == given[0];
                        case "hashCode" -> name.hashCode();
                        case "toString" -> name;
                        default -> calls.call(method.getName(), given);
                    };
                }));
    }

    Vertx vertx() {
        return vertx;
    }

    private Object call(String method, Object[] arguments) {
        return switch (method) {
            case "setTimer" -> timer((long) arguments[0], handler(arguments[1]), 0);
            case "setPeriodic" -> periodic(arguments);
            case "cancelTimer" -> timers.remove((long) arguments[0]);
            case "getOrCreateContext" -> context("context");
            default -> throw new UnsupportedOperationException("Vertx." + method);
        };
    }

    private long periodic(Object[] arguments) {
        long every = (long) arguments[0];
        return timer(every, handler(arguments[arguments.length - 1]), every);
    }

    private long timer(long millis, Handler<Object> handler, long every) {
        long id = ++lastTimer;
        timers.add(id);
        arm(id, millis, handler, every);
        return id;
    }

    private void arm(long id, long millis, Handler<Object> handler, long every) {
        process.after(millis, () -> {
            if (!timers.contains(id)) {
                return;
            }
            if (every > 0) {
                arm(id, every, handler, every);
            } else {
                timers.remove(id);
            }
            handler.handle(id);
        });
    }

    /** A context with a thread of its own. */
    ContextInternal context(String name) {
        SimProcess.Loop loop = process.loop();
        EventLoop thread = proxy(EventLoop.class, name, (method, arguments) -> {
            throw new UnsupportedOperationException("EventLoop." + method);
        });
        return proxy(ContextInternal.class, name, (method, arguments) -> switch (method) {
            case "runOnContext" -> {
                Handler<Object> handler = handler(arguments[0]);
                loop.run(() -> handler.handle(null));
                yield thread; // void
            }
            case "owner" -> vertx;
            case "nettyEventLoop" -> thread;
            default -> throw new UnsupportedOperationException("Context." + method);
        });
    }

    @SuppressWarnings("unchecked") // what a handler takes is its caller's word
    private static Handler<Object> handler(Object of) {
        return (Handler<Object>) of;
    }
}
