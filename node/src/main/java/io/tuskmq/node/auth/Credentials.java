package io.tuskmq.node.auth;

import java.security.cert.X509Certificate;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a client shows of itself when it connects.
 *
 * @param password empty when there is none
 * @param certificate checked by TLS already
 */
public record Credentials(
        String clientId,
        @Nullable String userName,
        byte @Nullable [] password,
        Optional<X509Certificate> certificate,
        Address address,
        int version) {
    private static final byte[] NONE = {};

    static Credentials of(String clientId, @Nullable String userName, byte @Nullable [] password) {
        return new Credentials(clientId, userName, password, Optional.empty(), Address.UNKNOWN, 5);
    }

    byte[] passwordOrNone() {
        byte[] given = password;
        return given == null ? NONE : given;
    }

    /** Whether it claims to be somebody. */
    boolean claimsAnything() {
        return userName != null || password != null;
    }

    /** Never the password. */
    @Override
    public String toString() {
        return "Credentials[clientId=" + clientId + ", userName=" + userName + ", address=" + address + "]";
    }
}
