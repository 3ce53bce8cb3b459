package io.tuskmq.node;

import io.tuskmq.node.session.SessionCounters;
import io.tuskmq.node.session.SysTopics;
import io.vertx.core.Future;
import java.util.concurrent.TimeUnit;

/** What the node publishes about itself under {@code $SYS/broker/}; documented in the README. */
final class SysReport {
    static final long EVERY_MILLIS = 10_000;

    private final SysTopics topics;
    private final SessionCounters counters;
    private final long startedNanos = System.nanoTime();

    SysReport(SysTopics topics, SessionCounters counters, String nodeName) {
        this.topics = topics;
        this.counters = counters;
        topics.publish("broker/version", "TuskMQ " + Version.text());
        topics.publish("broker/node", nodeName);
        publish();
    }

    Future<Void> publish() {
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startedNanos);
        topics.publish("broker/uptime", seconds + " seconds");
        topics.publish("broker/clients/connected", Long.toString(counters.connections()));
        topics.publish("broker/messages/publish/received", Long.toString(counters.publishesReceived()));
        topics.publish("broker/messages/publish/sent", Long.toString(counters.publishesSent()));
        topics.publish("broker/messages/publish/dropped", Long.toString(counters.messagesDropped()));
        topics.publish("broker/messages/audit/missed", Long.toString(counters.messagesMissed()));
        return Future.succeededFuture();
    }
}
