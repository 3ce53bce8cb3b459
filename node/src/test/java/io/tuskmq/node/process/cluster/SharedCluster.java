package io.tuskmq.node.process.cluster;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives a test the {@link ClusterProcesses} of three nodes that all such tests share, everything in it running; and, when it asks for a
 * {@link Fleet}, a load that runs during the test and whose ledger is checked after it. After a failure the ends of all logs are
 * printed, and the next test gets a new cluster.
 */
class SharedCluster implements BeforeEachCallback, AfterEachCallback, ParameterResolver {
    static final int NODES = 3;
    private static final int PUBLISHERS = 3;
    private static final int SUBSCRIBERS = 2;
    private static final int FAILURES_MAX = 2;

    private static final Namespace NAMESPACE = Namespace.create(SharedCluster.class);

    /** What lives as long as the test run. */
    static final class Holder implements AutoCloseable {
        private @Nullable Namespaces namespaces;
        private @Nullable ClusterProcesses cluster;
        private int made;
        private int failures;
        private @Nullable Throwable whyNot;

        /** @param newNamespaces what the cluster stands on; closed after it */
        void set(ClusterProcesses newCluster, @Nullable Namespaces newNamespaces) {
            cluster = newCluster;
            namespaces = newNamespaces;
        }

        @Nullable
        Namespaces namespaces() {
            return namespaces;
        }

        /** When it failed twice it is not tried again: all the other tests would wait for it one by one. */
        void make(SharedCluster maker) {
            if (failures >= FAILURES_MAX) {
                throw new IllegalStateException("the cluster does not start, as was seen before: " + whyNot, whyNot);
            }
            try {
                maker.make(this);
            } catch (RuntimeException | AssertionError e) {
                failures++;
                whyNot = e;
                throw e;
            }
        }

        /** Of clusters in this run: each has its own directory of logs. */
        int nextNumber() {
            return ++made;
        }

        @Override
        public void close() {
            if (cluster != null) {
                cluster.close();
                cluster = null;
            }
            if (namespaces != null) {
                namespaces.close();
                namespaces = null;
            }
        }
    }

    /** Makes a cluster anew. */
    void make(Holder holder) {
        holder.set(ClusterProcesses.start("shared-" + holder.nextNumber(), NODES, ClusterProcesses.LEASE), null);
    }

    final Holder holder(ExtensionContext context) {
        return context.getRoot().getStore(NAMESPACE).computeIfAbsent(getClass(), key -> new Holder(), Holder.class);
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        Holder holder = holder(context);
        ClusterProcesses cluster = holder.cluster;
        if (cluster == null) {
            holder.make(this);
            return;
        }
        try {
            cluster.restore();
        } catch (RuntimeException | AssertionError e) {
            System.err.println("the cluster that " + context.getDisplayName() + " was to have: " + e);
            System.err.print(cluster.tails());
            holder.close();
            throw e;
        }
    }

    @Override
    public void afterEach(ExtensionContext context) {
        Fleet fleet = context.getStore(NAMESPACE).get(Fleet.class, Fleet.class);
        Throwable failure = context.getExecutionException().orElse(null);
        try (fleet) {
            if (fleet != null && failure == null) {
                fleet.finish();
            }
        } catch (RuntimeException | AssertionError e) {
            failure = e;
            throw e;
        } finally {
            Holder holder = holder(context);
            ClusterProcesses cluster = holder.cluster;
            if (failure != null && !(failure instanceof org.opentest4j.TestAbortedException) && cluster != null) {
                System.err.print("after " + context.getDisplayName() + " failed: " + failure + "\n" + cluster.tails());
                holder.close();
            }
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return type == ClusterProcesses.class || type == Fleet.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        ClusterProcesses cluster = holder(context).cluster;
        if (cluster == null) {
            throw new IllegalStateException("there is no cluster");
        }
        if (parameter.getParameter().getType() == ClusterProcesses.class) {
            return cluster;
        }
        return context.getStore(NAMESPACE)
                .computeIfAbsent(Fleet.class, key -> cluster.fleet(PUBLISHERS, SUBSCRIBERS), Fleet.class);
    }
}
