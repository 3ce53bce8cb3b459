package io.tuskmq.node.tls;

import java.io.Serial;

/** Certificates, a key or a revocation list that can't be used; the message says which file and why. */
public final class TlsException extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    TlsException(String message) {
        super(message);
    }

    TlsException(String message, Throwable cause) {
        super(message + ": " + cause.getMessage(), cause);
    }
}
