package io.tuskmq.node.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Filters;
import io.tuskmq.storage.MemoryRunner;
import io.tuskmq.storage.MemoryStore;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Sessions.Claim;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.StorageException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Claims whose answers are lost, on a store that carries them out all the same: at once, or later. */
final class ClaimsTest {
    /** What the database does to the next calls. */
    private static final class Line implements MemoryRunner {
        boolean losesAnswers;
        boolean isLate;
        int abandonsToFail;
        final List<Runnable> late = new ArrayList<>();

        @Override
        public synchronized <T> Future<T> run(String operation, Supplier<T> work) {
            if (operation.equals("sessions.claim") && isLate) {
                late.add(() -> MemoryRunner.carryOut(work));
                return lost();
            }
            if (operation.equals("sessions.claim") && losesAnswers) {
                return MemoryRunner.carryOut(work).compose(answer -> lost());
            }
            if (operation.equals("sessions.abandon") && abandonsToFail-- > 0) {
                return lost();
            }
            return MemoryRunner.carryOut(work);
        }

        private static <T> Future<T> lost() {
            return Future.failedFuture(
                    new StorageException(StorageException.Kind.TRANSIENT, "the connection broke", null));
        }

        @Override
        public void onLane(Runnable step) {
            step.run();
        }
    }

    private static final class NoFilters implements Filters.Copy {
        @Override
        public long version() {
            return 1;
        }

        @Override
        public void apply(Filters.Changes changes) {}
    }

    private final Vertx vertx = Vertx.vertx();
    private final Line line = new Line();
    private final MemoryStore store = new MemoryStore(System::currentTimeMillis, line, new NoFilters());
    private final Claims claims = new Claims(vertx, store);
    private long incarnation;

    @BeforeEach
    void register() throws Exception {
        incarnation = get(store.leases().register("n", 1, 60_000)).incarnation();
    }

    @AfterEach
    void close() throws Exception {
        get(vertx.close());
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private Claim claimWithWill() {
        Message will = Message.of("will", "gone".getBytes(StandardCharsets.UTF_8), 1, false);
        return new Claim(
                "phone",
                "alice",
                incarnation,
                claims.newToken(incarnation),
                false,
                60,
                true,
                new Sessions.NewWill(will, 0, 0));
    }

    private void claimFails() {
        Future<Claimed> claimed = claims.claim(claimWithWill());
        ExecutionException e = assertThrows(
                ExecutionException.class,
                () -> claimed.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS));
        assertTrue(e.getCause() instanceof StorageException, e.toString());
    }

    /** I8: what was never accepted has no will to publish. The next CONNECT waits until the store has been told. */
    @Test
    void theNextConnectDoesNotPublishTheWillOfOneThatWasNotAnswered() throws Exception {
        line.losesAnswers = true;
        line.abandonsToFail = 1;
        claimFails();
        line.losesAnswers = false;
        Claimed.Owned owned = (Claimed.Owned) get(claims.claim(claimWithWill()));
        assertEquals(List.of(), owned.dueWills());
        assertTrue(owned.sessionPresent());
        assertTrue(owned.epoch() > 2, "the session was offline in between");
    }

    @Test
    void aClaimThatIsCarriedOutLateTakesNothing() throws Exception {
        line.isLate = true;
        claimFails();
        line.isLate = false;
        Claimed.Owned owned = (Claimed.Owned) get(claims.claim(claimWithWill()));
        line.late.forEach(Runnable::run);
        assertEquals(List.of(), owned.dueWills());
        assertTrue(get(store.sessions()
                .checkpoint(
                        new Sessions.Checkpoint(owned.sessionId(), owned.epoch(), 1, new long[0], new byte[0]), true)));
        assertEquals(List.of(), get(store.wills().due(10)));
    }
}
