package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.claim;
import static io.tuskmq.storage.StoreFixture.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Access.Rule;
import io.tuskmq.storage.Access.User;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What {@link Access} promises, whatever stands behind it. */
abstract class AccessContract {
    static final String HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g";
    static final String OTHER_HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$b3RoZXJoYXNo";

    abstract StoreFixture store();

    private Access access() {
        return store().store().access();
    }

    /** Without keys of SCRAM. */
    static Access.Password hashed(String hash) {
        return new Access.Password(hash, Optional.empty());
    }

    /** @param key of what all bytes of the stored key are */
    static Access.Password withKeys(String hash, int key) {
        byte[] stored = new byte[32];
        Arrays.fill(stored, (byte) key);
        return new Access.Password(
                hash, Optional.of(new Access.ScramKeys(new byte[16], 4_096 + key, stored, new byte[32])));
    }

    private Access.Scram scram(String name) {
        return get(access().scram(name));
    }

    private User user(String name) {
        return get(access().user(name)).orElseThrow();
    }

    private static Rule rule(int position, String topic) {
        return new Rule(0, position, true, "publish,retain", topic, "al*", "*", "10.0.0.0/8", "01");
    }

    private List<String> topics() {
        return get(access().rules()).rules().stream().map(Rule::topic).toList();
    }

    @Test
    void aUserIsWhatWasAddedUntilItIsRemoved() {
        assertEquals(Optional.empty(), get(access().user("alice")));
        assertTrue(get(access().addUser("alice", hashed(HASH))));
        assertFalse(get(access().addUser("alice", hashed(OTHER_HASH))));
        assertEquals(HASH, user("alice").passwordHash());
        assertTrue(get(access().removeUser("alice")));
        assertFalse(get(access().removeUser("alice")));
        assertEquals(Optional.empty(), get(access().user("alice")));
        assertFalse(get(access().changePassword("alice", hashed(HASH))));
    }

    @Test
    void aNewPasswordMakesANewStampAndSoDoesAddingTheUserAnew() {
        get(access().addUser("alice", hashed(HASH)));
        get(access().addUser("bob", hashed(HASH)));
        long first = user("alice").stamp();
        get(access().changePassword("alice", hashed(HASH)));
        assertEquals(first, user("alice").stamp());
        get(access().changePassword("alice", hashed(OTHER_HASH)));
        long second = user("alice").stamp();
        assertNotEquals(first, second);
        get(access().removeUser("alice"));
        get(access().addUser("alice", hashed(OTHER_HASH)));
        long third = user("alice").stamp();
        assertNotEquals(second, third);
        assertEquals(
                Map.of("alice", third, "bob", user("bob").stamp()),
                get(access().stamps(List.of("alice", "bob", "carol"))));
    }

    @Test
    void keysOfScramComeAndGoWithTheirPassword() {
        assertTrue(scram("alice").user().isEmpty());
        get(access().addUser("alice", withKeys(HASH, 1)));
        get(access().addUser("bob", hashed(HASH)));
        Access.ScramUser first = scram("alice").user().orElseThrow();
        assertEquals(user("alice").stamp(), first.stamp());
        assertEquals(4_097, first.keys().iterations());
        assertEquals(1, first.keys().storedKey()[31]);
        assertEquals(32, first.keys().serverKey().length);
        assertEquals(16, first.keys().salt().length);
        assertTrue(scram("bob").user().isEmpty());
        assertArrayEquals(scram("alice").secret(), scram("nobody").secret());
        assertEquals(32, scram("nobody").secret().length);
        get(access().changePassword("alice", withKeys(HASH, 2)));
        Access.ScramUser second = scram("alice").user().orElseThrow();
        assertEquals(2, second.keys().storedKey()[0]);
        assertNotEquals(first.stamp(), second.stamp());
        get(access().changePassword("alice", hashed(OTHER_HASH)));
        assertTrue(scram("alice").user().isEmpty());
        get(access().addUser("carol", withKeys(HASH, 3)));
        get(access().removeUser("carol"));
        assertTrue(scram("carol").user().isEmpty());
    }

    @Test
    void namesComeInPages() {
        List.of("b", "a", "B", "ü").forEach(name -> get(access().addUser(name, hashed(HASH))));
        assertEquals(List.of("B", "a", "b"), get(access().names("", 3)));
        assertEquals(List.of("ü"), get(access().names("b", 3)));
    }

    @Test
    void eachChangeRaisesTheVersionOfItsTable() {
        Access.Version before = get(access().version());
        get(access().addUser("alice", hashed(HASH)));
        Access.Version added = get(access().version());
        assertTrue(added.users() > before.users());
        assertEquals(before.rules(), added.rules());
        get(access().removeUser("alice"));
        Access.Version removed = get(access().version());
        assertTrue(removed.users() > added.users());
        long id = get(access().addRule(rule(0, "a")));
        Access.Version ruled = get(access().version());
        assertTrue(ruled.rules() > removed.rules());
        assertEquals(ruled.rules(), get(access().rules()).version());
        get(access().removeRule(id));
        assertTrue(get(access().version()).rules() > ruled.rules());
    }

    @Test
    void rulesComeInTheOrderOfTheirPositionsAndThenOfTheirAge() {
        assertEquals(List.of(), topics());
        get(access().addRule(rule(2, "a")));
        long second = get(access().addRule(rule(1, "b")));
        get(access().addRule(rule(1, "c")));
        get(access().addRule(new Rule(0, -1, false, "all", "#", "*", "*", "", "012")));
        assertEquals(List.of("#", "b", "c", "a"), topics());
        Rule read = get(access().rules()).rules().get(1);
        assertEquals(new Rule(second, 1, true, "publish,retain", "b", "al*", "*", "10.0.0.0/8", "01"), read);
        assertEquals("", get(access().rules()).rules().getFirst().address());
        assertTrue(get(access().removeRule(second)));
        assertFalse(get(access().removeRule(second)));
        assertEquals(List.of("#", "c", "a"), topics());
    }

    @Test
    void aStoredSessionSaysWhoseItIs() {
        long session = store().own(claim("phone", store().node())).sessionId();
        assertEquals(Optional.of("alice"), get(access().principalOf(session)));
        assertEquals(Optional.empty(), get(access().principalOf(session + 1_000)));
    }
}
