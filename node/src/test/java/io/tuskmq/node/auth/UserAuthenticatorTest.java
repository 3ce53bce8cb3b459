package io.tuskmq.node.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Access;
import io.tuskmq.storage.Filters;
import io.tuskmq.storage.MemoryRunner;
import io.tuskmq.storage.MemoryStore;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UserAuthenticatorTest {
    private final Access access = new MemoryStore(() -> 0, MemoryRunner.immediate(), new NoFilters()).access();
    private final Workers workers = new Workers(1, 1);
    private final PositiveCache cache = new PositiveCache(60_000);
    private final AtomicLong now = new AtomicLong(1_000);
    private final UserAuthenticator users = new UserAuthenticator(access, workers, cache, now::get);

    @AfterEach
    void end() {
        workers.close();
    }

    private static final class NoFilters implements Filters.Copy {
        @Override
        public long version() {
            return 0;
        }

        @Override
        public void apply(Filters.Changes changes) {}
    }

    private static Access.Password hashed(String password) {
        return new Access.Password(PasswordHash.of(bytes(password)), Optional.empty());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    private Verdict ask(String user, String password) throws Exception {
        return get(users.authenticate(Credentials.of("c", user, bytes(password))));
    }

    @Test
    void theRightPasswordLetsInAndAWrongOneDoesnt() throws Exception {
        access.addUser("alice", hashed("secret"));
        Login login =
                assertInstanceOf(Verdict.Allow.class, ask("alice", "secret")).login();
        assertEquals("alice", login.principal());
        assertNotEquals(0, login.stamp());
        assertEquals(
                0x86,
                assertInstanceOf(Verdict.Deny.class, ask("alice", "Secret")).reason());
        assertEquals(
                0x86, assertInstanceOf(Verdict.Deny.class, ask("alice", "")).reason());
        assertInstanceOf(Verdict.NotMine.class, ask("bob", "secret"));
        assertInstanceOf(Verdict.NotMine.class, get(users.authenticate(Credentials.of("c", null, null))));
    }

    @Test
    void aPasswordWithoutAUserNameOrTheOtherWayRoundIsNotEnough() throws Exception {
        access.addUser("alice", hashed("secret"));
        assertInstanceOf(Verdict.Deny.class, get(users.authenticate(Credentials.of("c", "alice", null))));
        assertInstanceOf(Verdict.NotMine.class, get(users.authenticate(Credentials.of("c", null, bytes("secret")))));
    }

    @Test
    void aChangedOrRemovedUserIsNotRememberedAsRight() throws Exception {
        access.addUser("alice", hashed("old"));
        ask("alice", "old");
        assertEquals(1, cache.size());
        access.changePassword("alice", hashed("new"));
        assertInstanceOf(Verdict.Deny.class, ask("alice", "old"));
        assertInstanceOf(Verdict.Allow.class, ask("alice", "new"));
        access.removeUser("alice");
        assertInstanceOf(Verdict.NotMine.class, ask("alice", "new"));
    }

    /** Seen by the threads, not by a clock: each of both needs one, so with all of them taken both are refused. */
    @Test
    void anUnknownUserCostsAHashToo() throws Exception {
        access.addUser("alice", hashed("secret"));
        CountDownLatch busy = new CountDownLatch(1);
        workers.run(() -> busy.await(30, TimeUnit.SECONDS));
        workers.run(() -> true); // waits: the queue is full
        for (String user : new String[] {"alice", "nobody"}) {
            var failure = assertThrows(ExecutionException.class, () -> ask(user, "wrong"));
            assertInstanceOf(RejectedExecutionException.class, failure.getCause(), user);
        }
        busy.countDown();
    }

    @Test
    void whatWasRightAShortWhileAgoNeedsNoThread() throws Exception {
        access.addUser("alice", hashed("secret"));
        ask("alice", "secret");
        workers.close(); // whoever needs a thread now fails
        assertInstanceOf(Verdict.Allow.class, ask("alice", "secret"));
        assertThrows(ExecutionException.class, () -> ask("alice", "wrong"));
        now.addAndGet(60_000);
        assertThrows(ExecutionException.class, () -> ask("alice", "secret"));
    }

    @Test
    void theCacheIsBoundedAndKeepsNoPassword() {
        PositiveCache small = new PositiveCache(1_000);
        for (int i = 0; i < 11_000; i++) {
            small.put(small.entry("u" + i, "h", bytes("p")), 0);
        }
        assertEquals(10_000, small.size());
        assertTrue(small.has(small.entry("u10999", "h", bytes("p")), 999));
        assertFalse(small.has(small.entry("u10999", "h", bytes("p")), 1_000));
        assertFalse(small.has(small.entry("u0", "h", bytes("p")), 0));
        assertNotEquals(small.entry("ab", "c", bytes("")), small.entry("a", "bc", bytes("")));
        assertNotEquals(small.entry("a", "b", bytes("c")), new PositiveCache(1_000).entry("a", "b", bytes("c")));
    }

    /** Made by the reference implementation: {@code echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1}. */
    @Test
    void computesWhatOthersCompute() {
        String reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assertTrue(PasswordHash.matches(reference, bytes("password")));
        assertFalse(PasswordHash.matches(reference, bytes("differentpassword")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "secret",
                "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                "$argon2id$v=19$m=19456,t=999,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                "$argon2id$v=19$m=19456,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            })
    void whatIsNoHashOrAsksForTooMuchFitsNoPassword(String stored) {
        assertFalse(PasswordHash.matches(stored, bytes("password")));
    }

    @Test
    void twoHashesOfOnePasswordDiffer() {
        String first = PasswordHash.of(bytes("secret"));
        assertNotEquals(first, PasswordHash.of(bytes("secret")));
        assertTrue(PasswordHash.matches(first, bytes("secret")));
    }
}
