/** What was acknowledged and what arrived: the proof that nothing was lost, doubled or turned around. */
@NullMarked
package io.tuskmq.load.ledger;

import org.jspecify.annotations.NullMarked;
