package io.tuskmq.node.process.cluster;

import org.junit.jupiter.api.Assumptions;

/** What a test needs of the machine. Where it isn't there the test is skipped, with the reason; in CI, where it must be there, it fails. */
public final class Needs {
    private Needs() {}

    public static void that(boolean there, String otherwise) {
        if ("true".equals(System.getenv("CI"))) {
            if (!there) {
                throw new AssertionError(otherwise + ", and in CI it must be");
            }
            return;
        }
        Assumptions.assumeTrue(there, otherwise);
    }
}
