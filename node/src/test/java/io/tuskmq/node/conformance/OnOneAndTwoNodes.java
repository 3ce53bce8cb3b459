package io.tuskmq.node.conformance;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.TestTemplate;
import org.junit.jupiter.api.extension.ExtendWith;

/** A {@link BrokerTest}'s test of what one connection does to another: it runs with all of them at one node, and with them at two. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@TestTemplate
@ExtendWith(Placements.class)
@interface OnOneAndTwoNodes {
    /**
     * Where the connections are in the second run, in the order in which the test opens them: a letter each, A or B. Those beyond are where
     * the last one is.
     */
    String value();
}
