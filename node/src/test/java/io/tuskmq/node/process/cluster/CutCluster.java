package io.tuskmq.node.process.cluster;

import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;

/** The same as {@link SharedCluster}, with each node and PostgreSQL on a host of its own; gives a test the {@link Namespaces} to cut. */
final class CutCluster extends SharedCluster implements AfterAllCallback {
    @Override
    void make(Holder holder) {
        Namespaces namespaces = Namespaces.create(List.of("db", "n1", "n2", "n3"));
        try {
            holder.set(ClusterProcesses.start("cut-" + holder.nextNumber(), namespaces, NODES), namespaces);
        } catch (RuntimeException | AssertionError e) {
            namespaces.close();
            throw e;
        }
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        Namespaces.need();
        Namespaces namespaces = holder(context).namespaces();
        if (namespaces != null) {
            namespaces.heal();
        }
        super.beforeEach(context);
    }

    /** Before the load is drained: what was cut off has to come back first. */
    @Override
    public void afterEach(ExtensionContext context) {
        Namespaces namespaces = holder(context).namespaces();
        if (namespaces != null) {
            namespaces.heal();
        }
        super.afterEach(context);
    }

    /** One class uses it: nobody else's processes have to run beside it. */
    @Override
    public void afterAll(ExtensionContext context) {
        holder(context).close();
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Namespaces.class || super.supportsParameter(parameter, context);
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        if (parameter.getParameter().getType() != Namespaces.class) {
            return super.resolveParameter(parameter, context);
        }
        Namespaces namespaces = holder(context).namespaces();
        if (namespaces == null) {
            throw new IllegalStateException("there are no namespaces");
        }
        return namespaces;
    }
}
