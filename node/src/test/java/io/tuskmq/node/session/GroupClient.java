package io.tuskmq.node.session;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** A client that keeps its state over connections to several nodes, as MQTT asks for: QoS 2 messages it counts once. */
final class GroupClient {
    private final String clientId;
    private final long expirySeconds;
    /** Payloads, each as often as the application would get it. */
    final Queue<String> got = new ConcurrentLinkedQueue<>();
    /** Whether PUBLISH is answered. */
    volatile boolean acknowledges = true;

    /** QoS 2 messages that were not released yet, by packet id. Lives on the connection's context. */
    private final Map<Integer, String> unreleased = new HashMap<>();

    private volatile @Nullable Link link;

    GroupClient(String clientId, long expirySeconds) {
        this.clientId = clientId;
        this.expirySeconds = expirySeconds;
    }

    static GroupClient stored(String clientId) {
        return new GroupClient(clientId, Sessions.NEVER_EXPIRES);
    }

    /** Connects to the node; whatever connection there was is forgotten. */
    Future<Void> connect(GroupNode node) {
        return connect(node, null);
    }

    Future<Void> connect(GroupNode node, Sessions.@Nullable NewWill will) {
        Link mine = new Link(node);
        link = mine;
        var packet = new ConnectPacket(5, clientId, false, expirySeconds, 0, null, null, will, 100, 0, 0, "there");
        mine.onContext(() -> node.directory.connect(mine, packet));
        return mine.accepted.future();
    }

    /** Completes with SUBACK. */
    Future<Void> subscribe(String share, String filter, int qos) {
        Link mine = Objects.requireNonNull(link);
        var subscription = new Subscription(filter, share, qos, false, false, 2, 0, 0, new LaneVector());
        mine.event(new Event.SubscribeReceived(1, List.of(subscription), List.of(0)));
        return mine.subscribed.future();
    }

    /** The connection breaks. */
    void disconnect() {
        Link mine = Objects.requireNonNull(link);
        mine.onContext(() -> mine.end(ConnectionHandler.CloseCause.IO));
    }

    private final class Link implements Connection {
        private final Context context;
        private final ConnectionHandler node;
        final Promise<Void> accepted = Promise.promise();
        final Promise<Void> subscribed = Promise.promise();
        private boolean ended;

        Link(GroupNode node) {
            this.context = node.world.vertx.getOrCreateContext();
            this.node = node.directory;
        }

        @Override
        public Context context() {
            return context;
        }

        void onContext(Runnable step) {
            context.runOnContext(nothing -> step.run());
        }

        void event(Event event) {
            onContext(() -> {
                if (link == this && !ended) {
                    node.event(this, event);
                }
            });
        }

        void end(ConnectionHandler.CloseCause cause) {
            if (!ended) {
                ended = true;
                node.closed(this, cause, OptionalLong.empty());
            }
        }

        @Override
        public void accept(boolean sessionPresent, String assignedClientId, long expirySeconds) {
            accepted.complete();
        }

        @Override
        public void reject(int reason, String why) {
            accepted.tryFail(why);
            end(ConnectionHandler.CloseCause.SERVER);
        }

        @Override
        public void send(Effect.ToClient packet) {
            if (link != this || ended) {
                return;
            }
            switch (packet) {
                case Effect.SendPublish publish -> published(publish);
                case Effect.SendPubRel release -> {
                    unreleased.remove(release.packetId());
                    event(new Event.PubCompReceived(release.packetId(), 0));
                }
                case Effect.SendSubAck ack -> subscribed.complete();
                default -> throw new IllegalStateException("not for this client: " + packet);
            }
        }

        private void published(Effect.SendPublish publish) {
            String payload = new String(publish.message().payload(), StandardCharsets.UTF_8);
            int packetId = publish.packetId();
            if (publish.qos() < 2 || unreleased.put(packetId, payload) == null) {
                got.add(payload);
            }
            if (acknowledges && publish.qos() == 1) {
                event(new Event.PubAckReceived(packetId, 0));
            } else if (acknowledges && publish.qos() == 2) {
                event(new Event.PubRecReceived(packetId, 0));
            }
        }

        @Override
        public boolean isWritable() {
            return true;
        }

        @Override
        public void pauseReading() {}

        @Override
        public void resumeReading() {}

        @Override
        public void close(int reason, String why) {
            end(ConnectionHandler.CloseCause.SERVER);
        }
    }
}
