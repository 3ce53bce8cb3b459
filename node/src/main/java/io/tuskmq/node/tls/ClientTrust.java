package io.tuskmq.node.tls;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.X509CRL;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which certificates of clients are taken: those signed by a CA, and not revoked where there is a list. A list that has expired says nothing
 * any more, so nobody is taken then; Java alone would go on with it for a quarter of an hour.
 */
public final class ClientTrust extends X509ExtendedTrustManager {
    /** Of X.509: from then on a certificate says whether it is a CA's. */
    private static final int VERSION_WITH_CONSTRAINTS = 3;

    private static final Logger LOG = LoggerFactory.getLogger(ClientTrust.class);

    private final X509ExtendedTrustManager checks;
    private final List<X509Certificate> authorities;
    private final List<X509CRL> lists;

    private ClientTrust(X509ExtendedTrustManager checks, List<X509Certificate> authorities, List<X509CRL> lists) {
        this.checks = checks;
        this.authorities = authorities;
        this.lists = lists;
    }

    /** Not where a CA that issues to clients has no list: every client of it would be refused, and nobody could see why. */
    static ClientTrust of(List<X509Certificate> authorities, @Nullable List<X509CRL> lists)
            throws GeneralSecurityException, IOException, TlsException {
        if (lists != null) {
            demandLists(authorities, lists);
        }
        KeyStore anchors = KeyStore.getInstance("PKCS12");
        anchors.load(null, null);
        for (int i = 0; i < authorities.size(); i++) {
            anchors.setCertificateEntry("ca-" + i, authorities.get(i));
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        if (lists == null) {
            factory.init(anchors);
        } else {
            PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, new X509CertSelector());
            parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(lists)));
            PKIXRevocationChecker revocation =
                    (PKIXRevocationChecker) CertPathBuilder.getInstance("PKIX").getRevocationChecker();
            // Nobody is asked over the network: what the lists don't say is refused.
            revocation.setOptions(
                    EnumSet.of(PKIXRevocationChecker.Option.PREFER_CRLS, PKIXRevocationChecker.Option.NO_FALLBACK));
            parameters.addCertPathChecker(revocation);
            factory.init(new CertPathTrustManagerParameters(parameters));
        }
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509ExtendedTrustManager checks) {
                return new ClientTrust(checks, authorities, lists == null ? List.of() : lists);
            }
        }
        throw new GeneralSecurityException("Java has no trust manager for X.509");
    }

    /**
     * Of each CA, but of those that have issued another one here: Java goes up no further than to the first CA that is trusted, so that nobody behind the
     * other one needs the list of this one.
     */
    private static void demandLists(List<X509Certificate> authorities, List<X509CRL> lists) throws TlsException {
        for (X509Certificate authority : authorities) {
            if (!isAuthority(authority) || isListed(authority, lists)) {
                continue;
            }
            boolean issuedAnother = authorities.stream()
                    .anyMatch(other -> !other.equals(authority) && isAuthority(other) && isSignedBy(other, authority));
            if (!issuedAnother) {
                throw new TlsException("there is no revocation list of the CA " + authority.getSubjectX500Principal()
                        + ": each CA needs one, those between it and a client too");
            }
            LOG.warn(
                    "there is no revocation list of the CA {}: clients that it has issued itself are refused, those of the CAs that it has issued are not",
                    authority.getSubjectX500Principal());
        }
    }

    private static boolean isAuthority(X509Certificate one) {
        return one.getVersion() < VERSION_WITH_CONSTRAINTS || one.getBasicConstraints() >= 0;
    }

    private static boolean isListed(X509Certificate authority, List<X509CRL> lists) {
        return lists.stream()
                .anyMatch(list -> list.getIssuerX500Principal().equals(authority.getSubjectX500Principal()));
    }

    /**
     * How a chain leads to a CA.
     *
     * @param certificates from the client's own up to the one that a CA has signed, or is itself; where there is none, as far as they are signed by one another
     */
    record Path(List<X509Certificate> certificates, boolean trusted) {}

    /** Takes a check of a signature for each certificate. Counts for all that have the same CAs. */
    Path path(List<X509Certificate> chain) {
        List<X509Certificate> path = new ArrayList<>();
        Optional<X509Certificate> next = chain.stream().findFirst();
        while (next.isPresent() && path.size() < chain.size()) {
            X509Certificate one = next.get();
            path.add(one);
            if (isVouchedFor(one)) {
                return new Path(path, true);
            }
            next = issuer(one, chain);
        }
        return new Path(path, false);
    }

    boolean hasSameAuthorities(ClientTrust other) {
        return Set.copyOf(authorities).equals(Set.copyOf(other.authorities));
    }

    /**
     * Why a client whose certificate was taken may not stay: it has ended, a list names it, its CA is one no longer. That a list has expired is no such
     * reason: it names nobody, and all would go at once.
     */
    Optional<String> objection(Path path, Instant now) {
        Optional<String> named = path.certificates().stream()
                .flatMap(one -> objection(one, now).stream())
                .findFirst();
        return named.isPresent() || path.trusted()
                ? named
                : Optional.of("the certificate's CA is not trusted any more: "
                        + path.certificates().getLast().getIssuerX500Principal());
    }

    /** Without a signature. Of a certificate on the way to its CA; a client's own always is. */
    Optional<String> objection(X509Certificate one, Instant now) {
        if (!now.isBefore(one.getNotAfter().toInstant())) {
            return Optional.of("the certificate has ended: " + one.getSubjectX500Principal());
        }
        return isRevoked(one)
                ? Optional.of("the certificate is revoked: " + one.getSubjectX500Principal())
                : Optional.empty();
    }

    private boolean isRevoked(X509Certificate certificate) {
        return lists.stream()
                .anyMatch(list -> list.getIssuerX500Principal().equals(certificate.getIssuerX500Principal())
                        && list.isRevoked(certificate));
    }

    private boolean isVouchedFor(X509Certificate certificate) {
        return authorities.stream()
                .anyMatch(authority -> authority.equals(certificate) || isSignedBy(certificate, authority));
    }

    private static Optional<X509Certificate> issuer(X509Certificate certificate, List<X509Certificate> chain) {
        return chain.stream()
                .filter(other -> !other.equals(certificate) && isSignedBy(certificate, other))
                .findFirst();
    }

    private static boolean isSignedBy(X509Certificate certificate, X509Certificate issuer) {
        if (!issuer.getSubjectX500Principal().equals(certificate.getIssuerX500Principal())) {
            return false;
        }
        try {
            certificate.verify(issuer.getPublicKey());
            return true;
        } catch (GeneralSecurityException _) {
            return false; // another CA of the same name
        } catch (RuntimeException e) { // as providers of Java throw them for keys and signatures that they don't take
            LOG.warn("a signature can't be checked of={}", certificate.getSubjectX500Principal(), e);
            return false;
        }
    }

    /** When the first of the lists ends, in seconds since 1970. */
    public OptionalLong listEndSeconds() {
        return lists.stream()
                .map(X509CRL::getNextUpdate)
                .filter(end -> end != null)
                .mapToLong(end -> end.toInstant().getEpochSecond())
                .min();
    }

    private void checkLists() throws CertificateException {
        Instant now = Instant.now();
        for (X509CRL list : lists) {
            if (list.getNextUpdate() != null && list.getNextUpdate().toInstant().isBefore(now)) {
                throw new CertificateException(
                        "the revocation list of " + list.getIssuerX500Principal() + " has expired");
            }
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        checkLists();
        checks.checkClientTrusted(chain, authType, engine);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        checkLists();
        checks.checkClientTrusted(chain, authType, socket);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        checkLists();
        checks.checkClientTrusted(chain, authType);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        throw new CertificateException("this end is the server");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        throw new CertificateException("this end is the server");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw new CertificateException("this end is the server");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return checks.getAcceptedIssuers();
    }
}
