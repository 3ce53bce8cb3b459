package io.tuskmq.node.tls;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Certificates that clients have shown who are connected. A handshake is over in a moment, a connection may last for years: each certificate is looked at
 * again when CAs or revocation lists are new, and when one of its chain ends. From any thread; one look at a time.
 *
 * @param <C> a client
 */
public final class ShownCertificates<C> {
    /** When a chain was looked at, and when it is to be again though nothing else changes. */
    private record Look(Optional<ClientTrust> by, Instant due) {}

    private static final class Shown {
        private final List<X509Certificate> chain;
        /** None yet: the handshake may have been by an earlier list than the first look's. */
        private Look last = new Look(Optional.empty(), Instant.MIN);

        Shown(List<X509Certificate> chain) {
            this.chain = chain;
        }
    }

    private final Map<C, Shown> all = new ConcurrentHashMap<>();

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

    /** @return who may not stay, and why. Takes a check of a signature for each that is due */
    public Map<C, String> look(ClientTrust trust, Instant now) {
        Map<C, String> over = new HashMap<>();
        all.forEach((client, shown) -> {
            if (shown.last.by().filter(by -> by == trust).isEmpty() || !now.isBefore(shown.last.due())) {
                trust.objection(shown.chain, now).ifPresent(why -> over.put(client, why));
                shown.last = new Look(Optional.of(trust), nextEnd(shown.chain, now));
            }
        });
        return over;
    }

    private static Instant nextEnd(List<X509Certificate> chain, Instant now) {
        return chain.stream()
                .map(one -> one.getNotAfter().toInstant())
                .filter(end -> end.isAfter(now))
                .min(Comparator.naturalOrder())
                .orElse(Instant.MAX);
    }
}
