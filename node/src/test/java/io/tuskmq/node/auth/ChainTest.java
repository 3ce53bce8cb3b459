package io.tuskmq.node.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.storage.StorageException;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChainTest {
    private static final Verdict NOT_MINE = new Verdict.NotMine();
    private static final byte[] PASSWORD = "secret".getBytes(StandardCharsets.UTF_8);
    private static final Credentials NOTHING = Credentials.of("c", null, null);
    private static final Credentials ALICE = Credentials.of("c", "alice", PASSWORD);

    private final List<String> asked = new ArrayList<>();

    private Authenticator says(String name, Future<Verdict> verdict) {
        return new Authenticator() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public Future<Verdict> authenticate(Credentials credentials) {
                asked.add(name);
                return verdict;
            }
        };
    }

    private Authenticator says(String name, Verdict verdict) {
        return says(name, Future.succeededFuture(verdict));
    }

    private static Verdict decide(Credentials credentials, boolean anonymous, Authenticator... chain) {
        return new Chain(List.of(chain), anonymous).decide(credentials).result();
    }

    private static int reason(Verdict verdict) {
        return assertInstanceOf(Verdict.Deny.class, verdict).reason();
    }

    private static Login login(Verdict verdict) {
        return assertInstanceOf(Verdict.Allow.class, verdict).login();
    }

    @Test
    void theFirstWhoseBusinessItIsDecides() {
        Verdict allow = new Verdict.Allow(Login.of("alice", "b"));
        Verdict deny = new Verdict.Deny(ReasonCodes.BAD_USER_NAME_OR_PASSWORD, "wrong");
        assertEquals(allow, decide(ALICE, false, says("a", NOT_MINE), says("b", allow), says("c", deny)));
        assertEquals(List.of("a", "b"), asked);
        assertEquals(deny, decide(ALICE, true, says("a", deny), says("b", allow)));
    }

    @Test
    void credentialsThatNobodyKnowsAreRefusedAlsoWhereAnonymousClientsComeIn() {
        assertEquals(0x86, reason(decide(ALICE, true, says("a", NOT_MINE))));
        assertEquals(0x86, reason(decide(Credentials.of("c", "alice", null), true, says("a", NOT_MINE))));
        assertEquals(0x86, reason(decide(Credentials.of("c", null, PASSWORD), true, says("a", NOT_MINE))));
        assertEquals(0x86, reason(decide(ALICE, false)));
    }

    @Test
    void whoShowsNothingComesInOnlyWhenThatIsSwitchedOn() {
        assertEquals(0x87, reason(decide(NOTHING, false, says("a", NOT_MINE))));
        assertEquals(0x87, reason(decide(NOTHING, false)));
        Login login = login(decide(NOTHING, true, says("a", NOT_MINE)));
        assertEquals(Login.ANONYMOUS, login.principal());
        assertFalse(login.isProved());
    }

    @Test
    void whereNobodyIsAskedNamesAreTakenAsGivenAndProveNothing() {
        Login login = login(decide(ALICE, true));
        assertEquals("alice", login.principal());
        assertFalse(login.isProved());
        assertEquals(
                Login.ANONYMOUS,
                login(decide(Credentials.of("c", "$share", null), true)).principal());
    }

    @Test
    void whoCantSayLetsNobodyIn() {
        Future<Verdict> away = Future.failedFuture(new StorageException(StorageException.Kind.TRANSIENT, "away", null));
        assertEquals(0x88, reason(decide(ALICE, true, says("a", away), says("b", NOT_MINE))));
        assertEquals(List.of("a"), asked);
        assertEquals(
                0x89, reason(decide(ALICE, true, says("a", Future.failedFuture(new RejectedExecutionException())))));
        Authenticator broken = new Authenticator() {
            @Override
            public String name() {
                return "broken";
            }

            @Override
            public Future<Verdict> authenticate(Credentials credentials) {
                throw new IllegalStateException("a fault");
            }
        };
        assertEquals(0x88, reason(decide(NOTHING, true, broken)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"anonymous", "", "$share", "a\nb"})
    void namesThatMeanSomethingElseAreNobodys(String name) {
        Verdict verdict = new Verdict.Allow(Login.of(name, "jwt"));
        assertEquals(0x87, reason(decide(ALICE, false, says("jwt", verdict))));
    }

    @Test
    void aPasswordIsInNoText() {
        assertTrue(ALICE.toString().contains("alice"));
        assertFalse(ALICE.toString().contains("secret"));
    }
}
