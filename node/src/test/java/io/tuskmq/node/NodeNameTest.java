package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.session.LiveRoutes;
import io.tuskmq.storage.Leases;
import io.tuskmq.storage.Leases.Lease;
import io.tuskmq.storage.Leases.Namesake;
import io.tuskmq.storage.MemoryRunner;
import io.tuskmq.storage.MemoryStore;
import io.tuskmq.storage.StorageException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which of several processes of one name goes on. */
final class NodeNameTest {
    private static final long LEASE_MILLIS = 600_000;

    private final Vertx vertx = Vertx.vertx();
    private final MemoryStore store =
            new MemoryStore(System::currentTimeMillis, MemoryRunner.on(vertx.getOrCreateContext()), new LiveRoutes());
    private final Leases leases = store.leases();
    private final NodeName name = new NodeName(vertx, leases, "a", LEASE_MILLIS);

    @AfterEach
    void close() {
        get(vertx.close());
    }

    private static <T> T get(Future<T> future) {
        return future.toCompletionStage()
                .toCompletableFuture()
                .orTimeout(60, TimeUnit.SECONDS)
                .join();
    }

    private static ExitCode refused(Future<?> start) {
        CompletionException failure = assertThrows(CompletionException.class, () -> get(start));
        StartException refused = assertInstanceOf(StartException.class, failure.getCause());
        assertTrue(refused.sentence().contains("is called a (node.name)"), refused.sentence());
        return refused.exitCode();
    }

    private Lease registered(String itsName) {
        return get(leases.register(itsName, 1, LEASE_MILLIS));
    }

    private List<Long> namesakes() {
        return get(leases.namesakes("a")).stream().map(Namesake::incarnation).toList();
    }

    @Test
    void aNameThatNobodyHasIsTaken() {
        long other = registered("b").incarnation();
        get(name.take());
        assertEquals(other, get(leases.namesakes("b")).getFirst().incarnation());
    }

    @Test
    void aProcessThatRunsKeepsItsName() {
        long running = registered("a").incarnation();
        long beats = vertx.setPeriodic(50, timer -> leases.renew(running, LEASE_MILLIS));
        assertEquals(ExitCode.NAME_TAKEN, refused(name.take()));
        vertx.cancelTimer(beats);
        assertEquals(List.of(running), namesakes());
    }

    /** It was killed, or stands still: its lease is valid for a long time yet. */
    @Test
    void aProcessWhoseLeaseDoesNotMoveIsEnded() {
        long old = registered("a").incarnation();
        get(name.take());
        assertEquals(List.of(), namesakes());
        Throwable fenced = assertThrows(CompletionException.class, () -> get(leases.renew(old, LEASE_MILLIS)))
                .getCause();
        assertEquals(
                StorageException.Kind.FENCED,
                assertInstanceOf(StorageException.class, fenced).kind());
    }

    @Test
    void anotherStartOfTheSameNameMeanwhileIsSeen() {
        registered("a");
        Future<Void> start = name.take();
        registered("a");
        assertEquals(ExitCode.NAME_TAKEN, refused(start));
    }

    @Test
    void ofTwoThatStartAtTheSameTimeTheFirstGoesOn() {
        get(name.take());
        get(name.take());
        Lease first = registered("a");
        Lease second = registered("a");
        assertEquals(ExitCode.NAME_TAKEN, refused(name.firstOf(second)));
        assertEquals(first, get(name.firstOf(first)));
        assertEquals(List.of(first.incarnation()), namesakes());
    }

    @Test
    void aProcessThatComesBackLeavesItsNameToWhoHasIt() {
        get(name.leaveToOthers());
        registered("a");
        assertEquals(ExitCode.LEASE_LOST, refused(name.leaveToOthers()));
    }
}
