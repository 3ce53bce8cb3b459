package io.tuskmq.node.simulation;

import io.tuskmq.storage.Sessions;
import io.vertx.core.Future;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;

/** A node's sessions, with the mistakes that can be planted between them and groups. */
final class SimSessions {
    private SimSessions() {}

    static Sessions of(Sessions real, SimDatabaseState database) {
        return switch (database.bug()) {
            case TAKE_OF_ANY_EPOCH, TAKEN_NOT_ASKED_FOR, STORED_GROUP_OVERLOOKED -> planted(real, database);
            default -> real;
        };
    }

    private static Sessions planted(Sessions real, SimDatabaseState database) {
        return (Sessions) Proxy.newProxyInstance(
                Sessions.class.getClassLoader(), new Class<?>[] {Sessions.class}, (self, method, arguments) -> {
                    ClusterBug bug = database.bug();
                    String name = method.getName();
                    if (bug == ClusterBug.TAKEN_NOT_ASKED_FOR && name.equals("taken")) {
                        return Future.succeededFuture(List.of());
                    } else if (bug == ClusterBug.STORED_GROUP_OVERLOOKED && name.equals("exists")) {
                        return Future.succeededFuture(false);
                    } else if (name.equals("checkpoint") && arguments[1] instanceof List<?> takes) {
                        takes.forEach(take -> database.take((Sessions.Take) take));
                    }
                    try {
                        return method.invoke(real, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
