package io.tuskmq.node.mqtt;

import io.netty.channel.WriteBufferWaterMark;
import io.tuskmq.node.session.ConnectionHandler;
import io.vertx.core.internal.ContextInternal;
import java.util.ArrayList;
import java.util.List;

/** What all connections of one event loop share. Only touched on that event loop. */
final class ShardLoop {
    final ContextInternal context;
    final ConnectionHandler handler;
    final MqttOptions.Limits limits;
    final MqttCounters counters;
    final BadInputLog badInput;
    final PacketReader reader = new PacketReader();
    final WriteBufferWaterMark waterMark;

    private List<Outbox> toFlush = new ArrayList<>();
    private List<Outbox> flushing = new ArrayList<>();

    ShardLoop(
            ContextInternal context,
            ConnectionHandler handler,
            MqttOptions.Limits limits,
            MqttCounters counters,
            BadInputLog badInput) {
        this.context = context;
        this.handler = handler;
        this.limits = limits;
        this.counters = counters;
        this.badInput = badInput;
        this.waterMark = new WriteBufferWaterMark(limits.writeLowBytes(), limits.writeHighBytes());
    }

    /** Counts a connection that ends for what it sent, and says so. */
    void badBytes(String remoteAddress, String why) {
        counters.badPackets.increment();
        badInput.line(remoteAddress, why);
    }

    /** Flushes the connection's packets when this turn of the event loop is over: one system call for all of them. */
    void flushSoon(Outbox outbox) {
        if (toFlush.isEmpty()) {
            context.nettyEventLoop().execute(this::flushAll);
        }
        toFlush.add(outbox);
    }

    private void flushAll() {
        List<Outbox> all = toFlush;
        toFlush = flushing;
        flushing = all;
        for (Outbox outbox : all) {
            outbox.flush();
        }
        all.clear();
    }
}
