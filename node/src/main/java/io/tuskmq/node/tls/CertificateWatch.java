package io.tuskmq.node.tls;

import io.tuskmq.node.metrics.Metrics;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the files of one use of TLS, and hands new ones on when they are good; else the old ones stay in use. Its look never runs twice at
 * once.
 */
public final class CertificateWatch {
    /** How often it is to look, in milliseconds. */
    public static final long EVERY_MILLIS = 2_000;

    private static final Logger LOG = LoggerFactory.getLogger(CertificateWatch.class);

    private final Vertx vertx;
    private final String use;
    private final TlsFiles files;
    private final Function<Renewal, Future<Void>> renew;
    private final LongAdder renewed;
    private final LongAdder failed;
    private TlsFiles.@Nullable Content seen;
    private TlsFiles.@Nullable Content used;
    private String lastFault = "";
    /** The last content was good, and could not be taken into use everywhere. */
    private volatile boolean applyAgain;

    private volatile long endSeconds;
    private volatile long listEndSeconds;
    private boolean listExpired;

    /** Files that were found good. */
    public record Renewal(TlsFiles.Content content, Credential credential) {}

    /** Which files are watched, and what they are for, in one word of the metrics. */
    public record Watched(String use, TlsFiles files) {}

    /** @param renew what takes new files into use */
    public CertificateWatch(Vertx vertx, Watched watched, Metrics metrics, Function<Renewal, Future<Void>> renew) {
        this.vertx = vertx;
        this.use = watched.use();
        this.files = watched.files();
        this.renew = renew;
        Map<String, String> labels = Map.of("use", use);
        renewed = metrics.counter(
                "tuskmq_tls_reloads_total",
                "Certificates, keys and revocation lists taken into use while running.",
                labels);
        failed = metrics.counter(
                "tuskmq_tls_reload_failures_total",
                "New certificates, keys or revocation lists that could not be used: the old ones stay.",
                labels);
        metrics.gauge(
                "tuskmq_tls_certificate_end_seconds",
                "When the first certificate of the chain in use ends, in seconds since 1970.",
                labels,
                () -> endSeconds);
        if (files.crl() != null) {
            metrics.gauge(
                    "tuskmq_tls_revocation_list_end_seconds",
                    "When the first revocation list in use ends, in seconds since 1970; 0: never. After it no client certificate is taken.",
                    labels,
                    () -> listEndSeconds);
        }
    }

    /** What is in use already. Before the first look. */
    public void inUse(TlsFiles.Content content, Credential credential) {
        seen = content;
        used = content;
        took(credential);
    }

    /** Completes in any case: a bad file is a line in the log and a count, not a failure of the node. */
    public Future<Void> look() {
        return vertx.executeBlocking(this::changed, false)
                .compose(renewal -> renewal == null
                        ? Future.<Void>succeededFuture()
                        : renew.apply(renewal)
                                .onSuccess(done -> {
                                    used = renewal.content();
                                    took(renewal.credential());
                                    renewed.increment();
                                    LOG.info("tls use={} renewed end-seconds={} files={}", use, endSeconds, files);
                                })
                                .onFailure(fault -> applyAgain = true))
                .recover(fault -> {
                    failed(fault);
                    return Future.succeededFuture();
                })
                .onSuccess(done -> warnOfList());
    }

    /** Null when the files are as they were, and in use. A content that failed is not tried again: a pair that is half written changes once more. */
    private @Nullable Renewal changed() throws TlsException {
        TlsFiles.Content content = files.read();
        if (!content.equals(seen)) {
            seen = content;
            lastFault = "";
        } else if (!applyAgain) {
            return null;
        }
        applyAgain = false;
        try {
            return new Renewal(content, Credential.of(vertx, content));
        } catch (TlsException fault) {
            return keyOnly(content, fault);
        }
    }

    /** A CA or a list that can't be used must not keep a renewed certificate out until the old one has ended. */
    private Renewal keyOnly(TlsFiles.Content content, TlsException fault) throws TlsException {
        TlsFiles.Content before = used;
        if (before == null) {
            throw fault;
        }
        var kept = new TlsFiles.Content(content.certificate(), content.key(), before.ca(), before.crl());
        if (kept.equals(before) || kept.equals(content)) {
            throw fault;
        }
        Renewal renewal = new Renewal(kept, Credential.of(vertx, kept));
        failed(fault);
        return renewal;
    }

    /** A file that can't be read is said once, not at each look. */
    private void failed(Throwable fault) {
        String text = String.valueOf(fault.getMessage());
        if (!text.equals(lastFault)) {
            lastFault = text;
            failed.increment();
            LOG.error(
                    "tls use={} not renewed, what was read before stays in use why=\"{}\" files={}", use, text, files);
        }
    }

    private void took(Credential credential) {
        endSeconds = credential.endSeconds();
        ClientTrust trust = credential.trust();
        listEndSeconds = trust == null ? 0 : trust.listEndSeconds().orElse(0);
        listExpired = false;
        warnOfList();
    }

    private void warnOfList() {
        boolean expired = listEndSeconds > 0 && listEndSeconds < System.currentTimeMillis() / 1_000;
        if (expired && !listExpired) {
            LOG.error(
                    "tls use={} the revocation list has expired: no client certificate is taken files={}", use, files);
        }
        listExpired = expired;
    }
}
