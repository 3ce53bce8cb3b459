package io.tuskmq.node.tls;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Certificates that clients have shown who are connected. A handshake is over in a moment, a connection may last for years: each certificate is looked at
 * again when CAs or revocation lists are new, and when one of its chain ends. From any thread; one look at a time.
 *
 * @param <C> a client
 */
public final class ShownCertificates<C> {
    private static final Logger LOG = LoggerFactory.getLogger(ShownCertificates.class);

    private static final class Shown {
        private final List<X509Certificate> chain;
        /** Who looked at it last; none yet: the handshake may have been by an earlier list than the first look's. */
        private @Nullable ClientTrust last;
        /** When it is to be looked at again though nothing else changes. */
        private Instant due = Instant.MIN;
        /** As signatures were checked last, by the CAs of then. */
        private ClientTrust.@Nullable Path path;

        private int pathOf;

        Shown(List<X509Certificate> chain) {
            this.chain = chain;
        }
    }

    private final Map<C, Shown> all = new ConcurrentHashMap<>();
    private @Nullable ClientTrust before;
    /** How often the CAs were others. */
    private int authorities;

    /** @param chain empty: it has shown none */
    public void add(C client, List<X509Certificate> chain) {
        if (!chain.isEmpty()) {
            all.put(client, new Shown(chain));
        }
    }

    public void remove(C client) {
        all.remove(client);
    }

    public boolean isEmpty() {
        return all.isEmpty();
    }

    /**
     * First by what is quick, which is all that new lists need: a stolen key is not to go on until the signatures of all others are checked.
     *
     * @param over gets at once who may not stay, and why
     */
    public void look(ClientTrust trust, Instant now, BiConsumer<C, String> over) {
        if (before != null && before != trust && !before.hasSameAuthorities(trust)) {
            authorities++;
        }
        before = trust;
        Map<C, Shown> rest = new LinkedHashMap<>();
        all.forEach((client, shown) -> {
            if (shown.last == trust && now.isBefore(shown.due)) {
                return;
            }
            guarded(client, over, () -> {
                shown.last = trust;
                shown.due = Instant.MAX; // also when the next line throws: once is enough
                shown.due = nextEnd(shown.chain, now);
                ClientTrust.Path known = shown.pathOf == authorities ? shown.path : null;
                if (known != null) {
                    return trust.objection(known, now);
                }
                Optional<String> why = trust.objection(shown.chain.getFirst(), now);
                if (why.isEmpty()) {
                    rest.put(client, shown);
                }
                return why;
            });
        });
        rest.forEach((client, shown) -> guarded(client, over, () -> {
            ClientTrust.Path path = trust.path(shown.chain);
            shown.path = path;
            shown.pathOf = authorities;
            return trust.objection(path, now);
        }));
    }

    /** One look at one client. */
    private interface Look {
        Optional<String> objection();
    }

    /** Whoever can't be looked at may not stay, and keeps nobody from looking at the others. */
    private void guarded(C client, BiConsumer<C, String> over, Look look) {
        Optional<String> why;
        try {
            why = look.objection();
        } catch (RuntimeException e) {
            LOG.error("a client's certificate can't be checked any more: it is disconnected", e);
            why = Optional.of("the certificate can't be checked");
        }
        try {
            why.ifPresent(text -> over.accept(client, text));
        } catch (RuntimeException e) {
            LOG.error("a client whose certificate may not stay can't be disconnected", e);
        }
    }

    private static Instant nextEnd(List<X509Certificate> chain, Instant now) {
        return chain.stream()
                .map(one -> one.getNotAfter().toInstant())
                .filter(end -> end.isAfter(now))
                .min(Comparator.naturalOrder())
                .orElse(Instant.MAX);
    }
}
