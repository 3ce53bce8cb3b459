package io.tuskmq.node.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.session.ConnectPacket;
import io.tuskmq.node.session.Connection;
import io.tuskmq.node.session.ConnectionHandler;
import io.tuskmq.storage.Message;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** PUBLISH of 100 bytes between bytes and events: the tap that reads a packet, and the writer of one. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PublishBenchmark {
    private static final String TOPIC = "site/7/device/42/state";

    @Param({"4", "5"})
    private int version;

    @Param({"0", "1"})
    private int qos;

    private final Vertx vertx = Vertx.vertx();
    private final Events events = new Events();
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final Message message = Message.of(TOPIC, new byte[100], 1, false);
    private final ByteBuf out = PooledByteBufAllocator.DEFAULT.directBuffer(512);
    private ByteBuf packet = Unpooled.EMPTY_BUFFER;

    @Setup
    public void connect() {
        ContextInternal context = ((VertxInternal) vertx).createEventLoopContext();
        ShardLoop loop =
                new ShardLoop(context, events, MqttOptions.Limits.DEFAULT, new MqttCounters(), new BadInputLog());
        channel.pipeline().addLast(new Tap(loop, "benchmark"));
        byte[] connect = version == 5 ? Packets.connectV5("benchmark") : Packets.connect("benchmark");
        channel.writeInbound(Unpooled.wrappedBuffer(connect));
        context.nettyEventLoop().submit(() -> {}).syncUninterruptibly(); // the CONNACK has gone out
        String payload = "x".repeat(100);
        byte[] publish = version == 5
                ? Packets.publishV5(qos, 1, TOPIC, new byte[] {0}, payload)
                : Packets.publish(qos, 1, TOPIC, payload);
        packet = PooledByteBufAllocator.DEFAULT.directBuffer(publish.length).writeBytes(publish);
        read();
    }

    @TearDown
    public void close() {
        channel.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    /** A packet that came alone, from the socket's buffer to its event. */
    @Benchmark
    public Event read() {
        events.last = null;
        channel.pipeline().fireChannelRead(packet.retainedDuplicate());
        Event event = events.last;
        if (event == null) {
            throw new IllegalStateException("no PUBLISH was read");
        }
        return event;
    }

    /** A packet of a message that others have got too. */
    @Benchmark
    public ByteBuf write() {
        out.clear();
        PacketWriter.PublishPlan plan = new PacketWriter.PublishPlan(
                version == 5, WireForms.of(message).topic(), 0, -1, List.of(), message, qos);
        out.ensureWritable(plan.packetBytes());
        PacketWriter.publishHead(out, plan, 1, false, false);
        return out.writeBytes(message.payload());
    }

    /** Stands where the sessions are: accepts and keeps the last event. */
    private static final class Events implements ConnectionHandler {
        private @Nullable Event last;

        @Override
        public void connect(Connection connection, ConnectPacket connect) {
            connection.accept(false, "", 0);
        }

        @Override
        public void event(Connection connection, Event event) {
            last = event;
        }

        @Override
        public void writable(Connection connection, boolean writable) {}

        @Override
        public void closed(Connection connection, CloseCause cause, OptionalLong newExpirySeconds) {}
    }
}
