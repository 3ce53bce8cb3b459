/** The only place that knows vertx-mqtt and Netty's MQTT codec: listeners, connections, translation of packets to events and back. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node.mqtt;
