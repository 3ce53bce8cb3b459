package io.tuskmq.node.auth;

/** For whoever stores a user's password. */
public final class Passwords {
    /** UTF-8 bytes of the longest one. */
    public static final int BYTES_MAX = PasswordHash.PASSWORD_BYTES_MAX;

    private Passwords() {}

    /** What the database keeps of it. Takes some tens of milliseconds. */
    public static String hash(byte[] password) {
        return PasswordHash.of(password);
    }
}
