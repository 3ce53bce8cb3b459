package io.tuskmq.storage;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An application message as published: immutable, shared by all who deliver it.
 *
 * <p>{@code properties} are the MQTT 5 properties that travel with the message (payload format, content type, response topic,
 * correlation data, user properties) in MQTT 5 wire form without the leading length; empty for MQTT 3 publishers. Message expiry is
 * kept as a time, since the interval sent on is what remains of it.
 */
public final class Message {
    private static final byte[] NONE = {};

    private final String topic;
    private final byte[] payload;
    private final int qos;
    private final boolean retain;
    private final byte[] properties;
    private final long expiresAtMillis;
    private final long publisher;

    /** Wire forms made of this message, kept so that all its receivers share them; owned by whoever writes messages to sockets. */
    private volatile @Nullable Object wireForms;

    /**
     * @param qos 0, 1 or 2
     * @param retain the RETAIN flag as published
     * @param expiresAtMillis milliseconds since 1970, 0 = never
     * @param publisher the publisher's session id; negative for a connection whose session is not stored; 0 = nobody (no-local)
     */
    public Message(
            String topic,
            byte[] payload,
            int qos,
            boolean retain,
            byte[] properties,
            long expiresAtMillis,
            long publisher) {
        this.topic = topic;
        this.payload = payload;
        this.qos = qos;
        this.retain = retain;
        this.properties = properties;
        this.expiresAtMillis = expiresAtMillis;
        this.publisher = publisher;
    }

    /** A message without properties, expiry or publisher. */
    public static Message of(String topic, byte[] payload, int qos, boolean retain) {
        return new Message(topic, payload, qos, retain, NONE, 0, 0);
    }

    /** The same message as published by this session or connection. */
    public Message from(long publisherId) {
        return new Message(topic, payload, qos, retain, properties, expiresAtMillis, publisherId);
    }

    /** The same message, which is not to be kept. */
    public Message withoutRetain() {
        return new Message(topic, payload, qos, false, properties, expiresAtMillis, publisher);
    }

    /** A copy of a retained message for a subscription: at most its maximum QoS, and these properties behind its own. */
    public Message asRetainedFor(int qosMax, byte[] added) {
        byte[] all = properties;
        if (added.length > 0) {
            all = Arrays.copyOf(properties, properties.length + added.length);
            System.arraycopy(added, 0, all, properties.length, added.length);
        }
        return new Message(topic, payload, Math.min(qos, qosMax), true, all, expiresAtMillis, 0);
    }

    public String topic() {
        return topic;
    }

    /** The payload itself, not a copy: never to be written to. */
    public byte[] payload() {
        return payload;
    }

    public int qos() {
        return qos;
    }

    public boolean retain() {
        return retain;
    }

    /** The properties' wire form itself, not a copy. */
    public byte[] properties() {
        return properties;
    }

    public long expiresAtMillis() {
        return expiresAtMillis;
    }

    public boolean isExpired(long nowMillis) {
        return expiresAtMillis != 0 && expiresAtMillis <= nowMillis;
    }

    public long publisher() {
        return publisher;
    }

    /** What it counts against a limit in bytes. */
    public int bytes() {
        return topic.length() + payload.length + properties.length + 64;
    }

    public @Nullable Object wireForms() {
        return wireForms;
    }

    public void wireForms(Object forms) {
        this.wireForms = forms;
    }

    @Override
    public String toString() {
        return "Message[" + topic + " qos=" + qos + (retain ? " retain" : "") + " bytes=" + payload.length + "]";
    }
}
