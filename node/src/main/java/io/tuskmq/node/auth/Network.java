package io.tuskmq.node.auth;

/** Addresses that share their first bits, as {@code 10.0.0.0/8}; a single address is one too. */
public record Network(Address base, int prefixBits) {
    /** @throws IllegalArgumentException when it is none */
    public static Network parse(String text) {
        int slash = text.indexOf('/');
        Address base = Address.parse(slash < 0 ? text : text.substring(0, slash));
        String digits = slash < 0 ? Integer.toString(base.bits()) : text.substring(slash + 1);
        if (!digits.matches("0|[1-9][0-9]{0,2}") || Integer.parseInt(digits) > base.bits()) {
            throw new IllegalArgumentException("not a network");
        }
        return new Network(base, Integer.parseInt(digits));
    }

    public boolean contains(Address address) {
        return base.sharesBits(address, prefixBits);
    }

    @Override
    public String toString() {
        return base + "/" + prefixBits;
    }
}
