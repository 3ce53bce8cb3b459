/** Which test keeps which statement of the MQTT specifications, and tests of single statements by raw packets. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node.conformance;
