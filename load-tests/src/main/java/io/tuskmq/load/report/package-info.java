/** What a run leaves behind: JSON, one HTML page, comparisons. */
@NullMarked
package io.tuskmq.load.report;

import org.jspecify.annotations.NullMarked;
