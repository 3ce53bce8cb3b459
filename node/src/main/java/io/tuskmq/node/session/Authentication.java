package io.tuskmq.node.session;

/**
 * What one side says in an exchange of enhanced authentication (MQTT 5, 4.12).
 *
 * @param data empty when there is none
 */
public record Authentication(String method, byte[] data) {}
