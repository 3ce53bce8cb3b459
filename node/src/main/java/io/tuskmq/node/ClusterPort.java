package io.tuskmq.node;

/** Where the node's Hazelcast member listens, if it has one. */
sealed interface ClusterPort {
    int DEFAULT = 5701;

    /** {@link #DEFAULT} with a database of its own name; none with the embedded one, which is for a single machine. */
    record Auto() implements ClusterPort {}

    /** The node is alone. */
    record Off() implements ClusterPort {}

    /** @param number 0: any free port */
    record Port(int number) implements ClusterPort {}

    /** @throws IllegalArgumentException when it is none of the allowed */
    static ClusterPort parse(String text) {
        return switch (text) {
            case "auto" -> new Auto();
            case "off" -> new Off();
            default -> {
                int number = Integer.parseInt(text);
                Setting.require(number >= 0 && number <= 65_535);
                yield new Port(number);
            }
        };
    }
}
