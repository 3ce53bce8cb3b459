/** A lean MQTT client for load: its own codec on Netty's transport, nothing of the broker's. */
@NullMarked
package io.tuskmq.load.client;

import org.jspecify.annotations.NullMarked;
