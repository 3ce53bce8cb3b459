package io.tuskmq.node;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.node.mqtt.MqttListener;
import io.tuskmq.node.tls.CertificateWatch;
import io.tuskmq.node.tls.Credential;
import io.tuskmq.node.tls.TlsFiles;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** All certificates that a node uses, and the looks for new ones. */
final class Certificates {
    private final List<CertificateWatch> watches = new ArrayList<>();

    private Certificates() {}

    /** Before the listener listens: what it reads then is what the watch begins with. */
    static Future<Certificates> of(Node.Surroundings around, Cluster others, MqttListener listener) {
        Certificates all = new Certificates();
        listener.watchCertificates(around.metrics()).ifPresent(all.watches::add);
        Optional<TlsFiles> files = NodeSettings.linkFiles(around.settings());
        if (files.isEmpty()) {
            return Future.succeededFuture(all);
        }
        CertificateWatch links = ofLinks(around.vertx(), files.get(), others, around.metrics());
        all.watches.add(links);
        return around.vertx()
                .<Void>executeBlocking(() -> {
                    TlsFiles.Content content = files.get().read();
                    links.inUse(content, Credential.of(around.vertx(), content));
                    return null;
                })
                .map(all);
    }

    private static CertificateWatch ofLinks(Vertx vertx, TlsFiles files, Cluster others, Metrics metrics) {
        return new CertificateWatch(vertx, new CertificateWatch.Watched("links", files), metrics, renewal -> {
            TlsFiles.Content content = renewal.content();
            return others.renewTls(
                    content.certificate(), content.key(), Objects.requireNonNull(content.ca(), "links have a CA"));
        });
    }

    /** Never twice at once. */
    Future<Void> look() {
        return Future.join(watches.stream().map(CertificateWatch::look).toList())
                .mapEmpty();
    }
}
