package io.tuskmq.cluster.rules;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class OncePerTest {
    private final OncePer<String> oncePer = new OncePer<>(60_000, 2);

    @Test
    void aKeyPassesOnceInTheInterval() {
        assertTrue(oncePer.passes("a", 0));
        assertFalse(oncePer.passes("a", 59_999));
        assertTrue(oncePer.passes("b", 59_999));
        assertTrue(oncePer.passes("a", 60_000));
        assertFalse(oncePer.passes("a", 60_001));
    }

    @Test
    void withTooManyKeysNewOnesDoNotPassUntilOldOnesAreForgotten() {
        assertTrue(oncePer.passes("a", 0));
        assertTrue(oncePer.passes("b", 1_000));
        assertFalse(oncePer.passes("c", 2_000));
        assertTrue(oncePer.passes("c", 60_000));
    }
}
