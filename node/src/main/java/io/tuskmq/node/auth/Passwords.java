package io.tuskmq.node.auth;

import io.tuskmq.storage.Access;
import java.util.Optional;

/** For whoever stores a user's password. */
public final class Passwords {
    /** UTF-8 bytes of the longest one. */
    public static final int BYTES_MAX = PasswordHash.PASSWORD_BYTES_MAX;

    private Passwords() {}

    /** What the database keeps of it, for each way to prove it. Takes some hundred milliseconds. */
    public static Access.Password kept(byte[] password) {
        return new Access.Password(PasswordHash.of(password), Optional.of(ScramSha256.keys(password)));
    }
}
