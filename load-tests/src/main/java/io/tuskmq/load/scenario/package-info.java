/** The kinds of load, and what runs them. */
@NullMarked
package io.tuskmq.load.scenario;

import org.jspecify.annotations.NullMarked;
