/** Counters, latencies and processor time of a run. */
@NullMarked
package io.tuskmq.load.measure;

import org.jspecify.annotations.NullMarked;
