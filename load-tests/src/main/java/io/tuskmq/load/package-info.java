/** Load scenarios that speak MQTT to a running broker, and the ledger that checks them: what was acknowledged must arrive. */
@NullMarked
package io.tuskmq.load;

import org.jspecify.annotations.NullMarked;
