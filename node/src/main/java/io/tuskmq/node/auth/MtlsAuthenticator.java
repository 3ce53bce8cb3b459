package io.tuskmq.node.auth;

import io.tuskmq.node.rules.ReasonCodes;
import io.vertx.core.Future;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;

/** The certificate that a client showed to TLS: a name in it is the principal. Where there is not exactly one, nobody is let in. */
final class MtlsAuthenticator implements Authenticator {
    static final String NAME = "mtls";
    private static final int SAN_EMAIL = 1;
    private static final int SAN_DNS = 2;
    private static final int SAN_URI = 6;

    private final String principalFrom;

    /** @param principalFrom cn, dn, san-dns, san-uri or san-email */
    MtlsAuthenticator(String principalFrom) {
        this.principalFrom = principalFrom;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Future<Verdict> authenticate(Credentials credentials) {
        return Future.succeededFuture(
                credentials.certificate().<Verdict>map(this::verdict).orElseGet(Verdict.NotMine::new));
    }

    private Verdict verdict(X509Certificate certificate) {
        try {
            List<String> names = names(certificate);
            return names.size() == 1
                    ? new Verdict.Allow(Login.of(names.getFirst(), NAME))
                    : new Verdict.Deny(
                            ReasonCodes.NOT_AUTHORIZED, names.size() + " names in the certificate: " + principalFrom);
        } catch (InvalidNameException | CertificateParsingException e) {
            return new Verdict.Deny(ReasonCodes.NOT_AUTHORIZED, "the certificate's name can't be read");
        }
    }

    private List<String> names(X509Certificate certificate) throws InvalidNameException, CertificateParsingException {
        return switch (principalFrom) {
            case "cn" -> commonNames(certificate);
            case "dn" -> List.of(certificate.getSubjectX500Principal().getName());
            case "san-dns" -> alternatives(certificate, SAN_DNS);
            case "san-uri" -> alternatives(certificate, SAN_URI);
            default -> alternatives(certificate, SAN_EMAIL);
        };
    }

    private static List<String> commonNames(X509Certificate certificate) throws InvalidNameException {
        List<String> names = new ArrayList<>();
        for (Rdn rdn : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
            // One RDN may have several attributes: a CN hidden among them counts too.
            var common = rdn.toAttributes().get("CN");
            if (common != null) {
                for (int i = 0; i < common.size(); i++) {
                    try {
                        if (common.get(i) instanceof String text) {
                            names.add(text);
                        }
                    } catch (javax.naming.NamingException e) {
                        throw new InvalidNameException(e.getMessage());
                    }
                }
            }
        }
        return names;
    }

    private static List<String> alternatives(X509Certificate certificate, int type) throws CertificateParsingException {
        Collection<List<?>> all = certificate.getSubjectAlternativeNames();
        List<String> names = new ArrayList<>();
        if (all != null) {
            for (List<?> name : all) {
                if (name.getFirst() instanceof Integer found && found == type && name.get(1) instanceof String text) {
                    names.add(text);
                }
            }
        }
        return names;
    }
}
