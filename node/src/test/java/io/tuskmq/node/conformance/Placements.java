package io.tuskmq.node.conformance;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContextProvider;

/** The two runs of a test that is {@link OnOneAndTwoNodes}. */
final class Placements implements TestTemplateInvocationContextProvider {
    /** One run: on the class's own node when no places are given. */
    private record Run(String places) implements TestTemplateInvocationContext, BeforeEachCallback {
        @Override
        public String getDisplayName(int invocationIndex) {
            return places.isEmpty() ? "on one node" : "on two nodes: " + places;
        }

        @Override
        public List<Extension> getAdditionalExtensions() {
            return List.of(this);
        }

        @Override
        public void beforeEach(ExtensionContext context) {
            if (!places.isEmpty() && context.getRequiredTestInstance() instanceof BrokerTest test) {
                test.place(places, TwoNodes.ofRun(context));
            }
        }
    }

    @Override
    public boolean supportsTestTemplate(ExtensionContext context) {
        return BrokerTest.class.isAssignableFrom(context.getRequiredTestClass());
    }

    @Override
    public Stream<TestTemplateInvocationContext> provideTestTemplateInvocationContexts(ExtensionContext context) {
        String places = context.getRequiredTestMethod()
                .getAnnotation(OnOneAndTwoNodes.class)
                .value();
        if (!places.matches("[AB]+") || !places.contains("A") || !places.contains("B")) {
            throw new IllegalArgumentException("not two nodes, A and B: " + places);
        }
        return Stream.of(new Run(""), new Run(places));
    }
}
