package io.tuskmq.node.tls;

import io.vertx.core.Vertx;
import io.vertx.core.net.PemKeyCertOptions;
import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.X509KeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Files of TLS that were found to be usable: the key is the one of the certificate, and all that is there can be parsed.
 *
 * @param endSeconds since 1970, when the first certificate of the chain ends
 * @param trust in the other end's certificate; null: it is not asked for one
 */
public record Credential(
        KeyManagerFactory keys, long endSeconds, @Nullable ClientTrust trust) {
    private static final byte[] PROBE = {1, 2, 3, 4};

    /** Blocks for some milliseconds. */
    public static Credential of(Vertx vertx, TlsFiles.Content content) throws TlsException {
        PemKeyCertOptions pem =
                new PemKeyCertOptions().setCertValue(content.certificate()).setKeyValue(content.key());
        try {
            KeyManagerFactory keys = pem.getKeyManagerFactory(vertx);
            X509Certificate own = certificates(content.certificate().getBytes()).getFirst();
            List<X509Certificate> chain = checked(keys, own);
            long end = chain.stream()
                    .mapToLong(one -> one.getNotAfter().toInstant().getEpochSecond())
                    .min()
                    .orElseThrow();
            ClientTrust trust = content.ca() == null
                    ? null
                    : ClientTrust.of(
                            certificates(content.ca().getBytes()),
                            content.crl() == null ? null : lists(content.crl().getBytes()));
            return new Credential(keys, end, trust);
        } catch (TlsException e) {
            throw e;
        } catch (Exception e) { // Vert.x's reading of PEM declares no less
            throw new TlsException("certificate, key, CA or revocation list can't be used", e);
        }
    }

    /** The chain, when its first certificate fits the key. */
    private static List<X509Certificate> checked(KeyManagerFactory keys, X509Certificate own) throws Exception {
        for (KeyManager manager : keys.getKeyManagers()) {
            if (manager instanceof X509KeyManager pair) {
                String[] aliases = pair.getServerAliases(own.getPublicKey().getAlgorithm(), null);
                if (aliases != null && fits(pair.getPrivateKey(aliases[0]), own)) {
                    return List.of(pair.getCertificateChain(aliases[0]));
                }
            }
        }
        throw new TlsException("the key is not the one of the certificate");
    }

    private static boolean fits(PrivateKey key, X509Certificate certificate) throws GeneralSecurityException {
        String algorithm = switch (key.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> key.getAlgorithm();
        };
        if (!certificate.getPublicKey().getAlgorithm().equals(key.getAlgorithm())) {
            return false;
        }
        Signature signer = Signature.getInstance(algorithm);
        signer.initSign(key);
        signer.update(PROBE);
        byte[] signature = signer.sign();
        Signature verifier = Signature.getInstance(algorithm);
        verifier.initVerify(certificate.getPublicKey());
        verifier.update(PROBE);
        return verifier.verify(signature);
    }

    private static List<X509Certificate> certificates(byte[] pem) throws GeneralSecurityException, TlsException {
        Collection<? extends java.security.cert.Certificate> found =
                CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem));
        if (found.isEmpty()) {
            throw new TlsException("there is no certificate in its file");
        }
        return found.stream().map(X509Certificate.class::cast).toList();
    }

    private static List<X509CRL> lists(byte[] pem) throws GeneralSecurityException, TlsException {
        Collection<? extends java.security.cert.CRL> found =
                CertificateFactory.getInstance("X.509").generateCRLs(new ByteArrayInputStream(pem));
        if (found.isEmpty()) {
            throw new TlsException("there is no revocation list in its file");
        }
        return found.stream().map(X509CRL.class::cast).toList();
    }
}
