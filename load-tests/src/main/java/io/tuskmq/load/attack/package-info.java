/** Attacks on a broker: what clients do that mean harm, or are broken. */
@NullMarked
package io.tuskmq.load.attack;

import org.jspecify.annotations.NullMarked;
