/** One broker process: the command line, the settings, the embedded database, and the wiring of everything else. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node;
