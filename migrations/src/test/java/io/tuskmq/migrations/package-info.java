@org.jspecify.annotations.NullMarked
package io.tuskmq.migrations;
