@org.jspecify.annotations.NullMarked
package io.tuskmq.node.auth;
