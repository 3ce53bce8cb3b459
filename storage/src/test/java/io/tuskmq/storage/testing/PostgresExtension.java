package io.tuskmq.storage.testing;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives tests a {@link TestDatabase}: {@code @ExtendWith(PostgresExtension.class)} and a parameter of that type, on a test method, a
 * {@code @BeforeEach} method or the constructor (a database for that test), or on a static {@code @BeforeAll} method (one for the class).
 */
public final class PostgresExtension implements ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(PostgresExtension.class);
    /** Another name than the class: a class's store shows what is in the root's. */
    private static final String OF_RUN = "database of the run";

    @Override
    public ExtensionContextScope getTestInstantiationExtensionContextScope(ExtensionContext rootContext) {
        return ExtensionContextScope.TEST_METHOD;
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == TestDatabase.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return database(context, TestDatabase.class);
    }

    /** One more, for the whole run: what is put into the root's store after it is closed before it. */
    public static TestDatabase ofRun(ExtensionContext context) {
        return database(context.getRoot(), OF_RUN);
    }

    private static TestDatabase database(ExtensionContext context, Object name) {
        TestServer server = context.getRoot()
                .getStore(NAMESPACE)
                .computeIfAbsent(TestServer.class, key -> TestServer.start(), TestServer.class);
        // A value in the context's store is closed, so the database dropped, when the context ends.
        return context.getStore(NAMESPACE).computeIfAbsent(name, key -> server.create(), TestDatabase.class);
    }
}
