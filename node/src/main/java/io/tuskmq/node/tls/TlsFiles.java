package io.tuskmq.node.tls;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The PEM files of one use of TLS.
 *
 * @param ca what the other end's certificate must be signed by
 * @param crl which of those are revoked
 */
public record TlsFiles(
        Path certificate,
        Path key,
        @Nullable Path ca,
        @Nullable Path crl) {
    /** Far above any of these files; a wrong path must not fill the heap. */
    private static final long FILE_BYTES_MAX = 64L << 20;

    /** What the files hold at one moment. */
    public record Content(
            Buffer certificate,
            Buffer key,
            @Nullable Buffer ca,
            @Nullable Buffer crl) {}

    /** Blocks. Links are followed: Kubernetes renews a secret by pointing one to another directory. */
    public Content read() throws TlsException {
        return new Content(read(certificate), read(key), ca == null ? null : read(ca), crl == null ? null : read(crl));
    }

    private static Buffer read(Path file) throws TlsException {
        try {
            if (Files.size(file) > FILE_BYTES_MAX) {
                throw new TlsException(file + " is larger than " + FILE_BYTES_MAX + " bytes");
            }
            return Buffer.buffer(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new TlsException(file + " can't be read", e);
        }
    }

    /** Of log lines. */
    @Override
    public String toString() {
        return String.join(
                ",",
                Arrays.asList(certificate, key, ca, crl).stream()
                        .filter(file -> file != null)
                        .map(Path::toString)
                        .toList());
    }
}
