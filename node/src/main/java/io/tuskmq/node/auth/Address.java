package io.tuskmq.node.auth;

import java.util.Arrays;
import java.util.HexFormat;

/** Bytes of an IPv4 or IPv6 address; none when it is not known. An IPv4 address in IPv6's form is the IPv4 address. */
public final class Address {
    public static final Address UNKNOWN = new Address(new byte[0]);
    private static final int V4 = 4;
    private static final int V6 = 16;
    private static final byte[] V4_IN_V6 = HexFormat.of().parseHex("00000000000000000000ffff");

    private final byte[] bytes;

    private Address(byte[] bytes) {
        this.bytes = bytes;
    }

    /** @throws IllegalArgumentException when it is no address in digits; names are never looked up */
    public static Address parse(String text) {
        return new Address(text.indexOf(':') >= 0 ? v6(text) : v4(text));
    }

    /** Of {@code host:port} as Vert.x writes a socket's address; {@link #UNKNOWN} for anything else. */
    public static Address ofSocket(String text) {
        int port = text.lastIndexOf(':');
        String host = port < 0 ? text : text.substring(0, port);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        int scope = host.indexOf('%');
        try {
            return parse(scope < 0 ? host : host.substring(0, scope));
        } catch (IllegalArgumentException _) {
            return UNKNOWN;
        }
    }

    boolean isKnown() {
        return bytes.length > 0;
    }

    int bits() {
        return bytes.length * 8;
    }

    /** Whether the first bits are the same, and both are of one family. */
    boolean sharesBits(Address other, int count) {
        if (bytes.length != other.bytes.length) {
            return false;
        }
        int whole = count / 8;
        if (!Arrays.equals(bytes, 0, whole, other.bytes, 0, whole)) {
            return false;
        }
        int rest = count % 8;
        return rest == 0 || ((bytes[whole] ^ other.bytes[whole]) & 0xFF) >> (8 - rest) == 0;
    }

    private static byte[] v4(String text) {
        String[] parts = text.split("\\.", -1);
        if (parts.length != V4) {
            throw new IllegalArgumentException("not an address");
        }
        byte[] bytes = new byte[V4];
        for (int i = 0; i < V4; i++) {
            if (!parts[i].matches("0|[1-9][0-9]{0,2}") || Integer.parseInt(parts[i]) > 255) {
                throw new IllegalArgumentException("not an address");
            }
            bytes[i] = (byte) Integer.parseInt(parts[i]);
        }
        return bytes;
    }

    private static byte[] v6(String text) {
        String plain = text;
        int dot = plain.indexOf('.');
        if (dot >= 0) {
            int colon = plain.lastIndexOf(':');
            byte[] low = v4(plain.substring(colon + 1));
            plain = plain.substring(0, colon + 1)
                    + HexFormat.of().formatHex(low, 0, 2) + ":"
                    + HexFormat.of().formatHex(low, 2, V4);
        }
        int gap = plain.indexOf("::");
        String[] head = groups(gap < 0 ? plain : plain.substring(0, gap));
        String[] tail = gap < 0 ? new String[0] : groups(plain.substring(gap + 2));
        boolean fits = gap < 0 ? head.length == V6 / 2 : head.length + tail.length < V6 / 2;
        if (!fits) {
            throw new IllegalArgumentException("not an address");
        }
        byte[] bytes = new byte[V6];
        for (int i = 0; i < head.length; i++) {
            put(bytes, i, head[i]);
        }
        for (int i = 0; i < tail.length; i++) {
            put(bytes, V6 / 2 - tail.length + i, tail[i]);
        }
        boolean inner = Arrays.equals(bytes, 0, V6 - V4, V4_IN_V6, 0, V6 - V4);
        return inner ? Arrays.copyOfRange(bytes, V6 - V4, V6) : bytes;
    }

    private static String[] groups(String text) {
        return text.isEmpty() ? new String[0] : text.split(":", -1);
    }

    private static void put(byte[] bytes, int group, String digits) {
        if (!digits.matches("[0-9a-fA-F]{1,4}")) {
            throw new IllegalArgumentException("not an address");
        }
        int value = Integer.parseInt(digits, 16);
        bytes[2 * group] = (byte) (value >> 8);
        bytes[2 * group + 1] = (byte) value;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Address a && Arrays.equals(bytes, a.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        if (bytes.length == V4) {
            return (bytes[0] & 0xFF) + "." + (bytes[1] & 0xFF) + "." + (bytes[2] & 0xFF) + "." + (bytes[3] & 0xFF);
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < bytes.length; i += 2) {
            text.append(i == 0 ? "" : ":")
                    .append(Integer.toHexString(((bytes[i] & 0xFF) << 8) | (bytes[i + 1] & 0xFF)));
        }
        return text.toString();
    }
}
