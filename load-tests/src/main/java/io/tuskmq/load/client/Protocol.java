package io.tuskmq.load.client;

/** The versions of MQTT, as CONNECT tells them. */
public enum Protocol {
    V3_1(3, "MQIsdp"),
    V3_1_1(4, "MQTT"),
    V5(5, "MQTT");

    final int level;
    final String protocolName;

    Protocol(int level, String protocolName) {
        this.level = level;
        this.protocolName = protocolName;
    }

    /** Throws IllegalArgumentException with a sentence. */
    public static Protocol of(String version) {
        return switch (version) {
            case "3.1" -> V3_1;
            case "3.1.1", "3", "4" -> V3_1_1;
            case "5", "5.0" -> V5;
            default -> throw new IllegalArgumentException("MQTT " + version + " is not one of 3.1, 3.1.1 and 5");
        };
    }

    @Override
    public String toString() {
        return this == V3_1 ? "3.1" : this == V3_1_1 ? "3.1.1" : "5";
    }
}
