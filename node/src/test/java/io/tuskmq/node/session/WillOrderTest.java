package io.tuskmq.node.session;

import static io.tuskmq.node.session.GroupNode.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Message;
import io.tuskmq.storage.Sessions;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A will, and what its client publishes after coming back, as a third node sees them: what the will's node says comes there late. */
final class WillOrderTest {
    private static final String TOPIC = "state/phone";
    /** Far less than the 500 ms for which other nodes are waited for. */
    private static final long LATE_MILLIS = 50;

    private final GroupNode.World world = new GroupNode.World();
    private final GroupNode first = world.node("first");
    private final GroupNode sweeping = world.node("sweeping");
    private final GroupNode returning = world.node("returning");
    private final GroupNode watching = world.node("watching");
    private final GroupClient phone = GroupClient.stored("phone");
    private final GroupClient watcher = GroupClient.stored("watcher");

    @AfterEach
    void close() {
        world.close();
    }

    private static void await(BooleanSupplier condition, String what) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, what);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static Sessions.NewWill will() {
        return new Sessions.NewWill(Message.of(TOPIC, "gone".getBytes(StandardCharsets.UTF_8), 1, false), 0, 0);
    }

    private void watch(int qos) {
        get(watcher.connect(watching));
        get(watcher.subscribe("", TOPIC, qos));
    }

    private boolean isDue() {
        return !get(returning.store.wills().due(10)).isEmpty();
    }

    /** Comes back and publishes at once; what the other node says is heard a little later. */
    private void comeBack(int qos) {
        Future<Void> back = phone.connect(returning).compose(accepted -> returning.publish(TOPIC, "back", qos));
        assertThrows(
                TimeoutException.class,
                () -> back.toCompletionStage().toCompletableFuture().get(LATE_MILLIS, TimeUnit.MILLISECONDS),
                "it goes on before its will is everywhere");
        watching.late.release();
        get(back);
        await(() -> watcher.got.size() >= 2, "both come");
        assertEquals(List.of("gone", "back"), List.copyOf(watcher.got));
    }

    private void sweptByAnother(int qos) {
        watch(qos);
        get(phone.connect(first, will()));
        first.kill();
        await(this::isDue, "the node is ended");
        watching.late.hold(sweeping.lease.incarnation());
        Future<Void> swept = sweeping.wills.sweep();
        await(() -> !isDue(), "the will is taken");
        comeBack(qos);
        get(swept);
    }

    @Test
    void theWillThatAnotherNodeSweepsComesBeforeWhatTheClientPublishesLater() {
        sweptByAnother(1);
    }

    @Test
    void alsoForThoseWhoAreServedAtOnce() {
        sweptByAnother(0);
    }

    @Test
    void theWillOfAConnectionThatBreaksComesBeforeWhatTheClientPublishesElsewhere() {
        watch(1);
        get(phone.connect(first, will()));
        watching.late.hold(first.lease.incarnation());
        phone.disconnect();
        comeBack(1);
    }

    /** A node that says nothing more must not keep clients away. */
    @Test
    void aClientDoesNotWaitForItsWillForGood() {
        watch(1);
        get(phone.connect(first, will()));
        first.kill();
        await(this::isDue, "the node is ended");
        watching.late.hold(sweeping.lease.incarnation());
        Future<Void> swept = sweeping.wills.sweep();
        await(() -> !isDue(), "the will is taken");
        get(phone.connect(returning)); // though the watching node never answers
        get(swept);
    }
}
