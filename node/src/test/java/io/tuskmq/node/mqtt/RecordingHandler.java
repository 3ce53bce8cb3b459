package io.tuskmq.node.mqtt;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.session.ConnectPacket;
import io.tuskmq.node.session.Connection;
import io.tuskmq.node.session.ConnectionHandler;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stands where the sessions will be: accepts every CONNECT, acknowledges everything at once, sends every PUBLISH back to who published it
 * (with the QoS it had), and writes down all it sees.
 */
final class RecordingHandler implements ConnectionHandler {
    record Closed(CloseCause cause, OptionalLong newExpirySeconds) {}

    final BlockingQueue<ConnectPacket> connects = new LinkedBlockingQueue<>();
    final BlockingQueue<Connection> connections = new LinkedBlockingQueue<>();
    final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    final BlockingQueue<Closed> closed = new LinkedBlockingQueue<>();
    final BlockingQueue<Boolean> writables = new LinkedBlockingQueue<>();
    final AtomicInteger nextPacketId = new AtomicInteger(1);
    volatile boolean echo = true;
    volatile boolean answerConnects = true;
    volatile java.util.function.Consumer<Event> onEvent = event -> {};

    @Override
    public void connect(Connection connection, ConnectPacket packet) {
        assert connection.context().equals(io.vertx.core.Vertx.currentContext()) : "on the connection's context";
        connects.add(packet);
        connections.add(connection);
        if (answerConnects) {
            boolean assign = packet.clientId().isEmpty();
            connection.accept(false, assign ? "assigned-1" : "", packet.expirySeconds());
        }
    }

    @Override
    public void event(Connection connection, Event event) {
        assert connection.context().equals(io.vertx.core.Vertx.currentContext()) : "on the connection's context";
        onEvent.accept(event);
        events.add(event);
        if (echo) {
            answer(connection, event);
        }
    }

    private void answer(Connection connection, Event event) {
        switch (event) {
            case Event.PublishReceived p -> {
                int qos = p.message().qos();
                if (qos == 1) {
                    connection.send(new Effect.SendPubAck(p.packetId(), 0));
                } else if (qos == 2) {
                    connection.send(new Effect.SendPubRec(p.packetId(), 0));
                }
                int id = qos == 0 ? 0 : nextPacketId.getAndIncrement();
                connection.send(
                        new Effect.SendPublish(id, qos, false, p.message().retain(), p.message(), List.of()));
            }
            case Event.PubRelReceived p -> connection.send(new Effect.SendPubComp(p.packetId(), 0));
            case Event.PubRecReceived p -> {
                if (p.reason() < 0x80) {
                    connection.send(new Effect.SendPubRel(p.packetId(), 0));
                }
            }
            case Event.SubscribeReceived s -> {
                List<Integer> reasons = new java.util.ArrayList<>();
                for (int i = 0; i < s.subscriptions().size(); i++) {
                    int refused = s.refused().get(i);
                    reasons.add(
                            refused != 0 ? refused : s.subscriptions().get(i).qos());
                }
                connection.send(new Effect.SendSubAck(s.packetId(), reasons));
            }
            case Event.UnsubscribeReceived u ->
                connection.send(new Effect.SendUnsubAck(
                        u.packetId(), java.util.Collections.nCopies(u.keys().size(), 0)));
            default -> {}
        }
    }

    @Override
    public void writable(Connection connection, boolean writable) {
        writables.add(writable);
    }

    @Override
    public void closed(Connection connection, CloseCause cause, OptionalLong newExpirySeconds) {
        closed.add(new Closed(cause, newExpirySeconds));
    }

    static <T> T next(BlockingQueue<T> queue) {
        try {
            T item = queue.poll(10, TimeUnit.SECONDS);
            if (item == null) {
                throw new AssertionError("nothing came within 10 s");
            }
            return item;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    <T extends Event> T nextEvent(Class<T> type) {
        return type.cast(next(events));
    }

    /** Runs something on the connection's event loop and waits for it. */
    static void on(Connection connection, Runnable action) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        connection.context().runOnContext(v -> {
            try {
                action.run();
                done.complete(null);
            } catch (RuntimeException | AssertionError e) {
                done.completeExceptionally(e);
            }
        });
        done.orTimeout(10, TimeUnit.SECONDS).join();
    }
}
