package io.tuskmq.storage;

import io.vertx.core.Future;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Users with passwords, and rules about what clients may do. Both may be changed from outside at any time: {@link #version} tells. */
public interface Access {
    /** How often users and rules have been changed. */
    record Version(long users, long rules) {}

    /**
     * A user with a password.
     *
     * @param passwordHash Argon2id in PHC's form
     * @param stamp another one after each change of the password, and for a user that was removed and added anew
     */
    record User(String name, String passwordHash, long stamp) {}

    /**
     * What is kept of a password, for each way to prove it.
     *
     * @param hash Argon2id in PHC's form
     * @param scram empty: its user can't prove it by SCRAM
     */
    record Password(String hash, Optional<ScramKeys> scram) {}

    /** Keys of SCRAM-SHA-256 (RFC 5802, section 3), with which a proof of the password can be checked but not made. */
    record ScramKeys(byte[] salt, int iterations, byte[] storedKey, byte[] serverKey) {}

    /**
     * What a client that names a user is answered by.
     *
     * @param secret for salts of names that have no keys; the same on all nodes
     * @param user who has this name, and keys
     */
    record Scram(byte[] secret, Optional<ScramUser> user) {}

    /** @param stamp as that of {@link User} */
    record ScramUser(ScramKeys keys, long stamp) {}

    /**
     * One rule, in the words of its row: nothing but the row's CHECKs has looked at it.
     *
     * @param ruleId 0 for one that is to be added
     * @param position rules are looked at by position and then by age
     * @param actions comma-separated
     * @param address a network; empty = any
     * @param qos the digits that it is about
     */
    record Rule(
            long ruleId,
            int position,
            boolean allow,
            String actions,
            String topic,
            String principal,
            String clientId,
            String address,
            String qos) {}

    /** All rules in their order, and the version that they are of. */
    record Rules(long version, List<Rule> rules) {}

    Future<Version> version();

    /** Calls are batched: a storm of clients is a few queries. */
    Future<Optional<User>> user(String name);

    /** One query for all that ask at the same time, which takes as long for a name that nobody has. */
    Future<Scram> scram(String name);

    /** The stamps of those that exist, by name. */
    Future<Map<String, Long>> stamps(Collection<String> names);

    /** Names after this one (empty: from the first on), in order of their code points. */
    Future<List<String>> names(String after, int limit);

    /** False when the name is taken. */
    Future<Boolean> addUser(String name, Password password);

    /** False when there is no such user. */
    Future<Boolean> changePassword(String name, Password password);

    /** False when there was no such user. */
    Future<Boolean> removeUser(String name);

    Future<Rules> rules();

    /** Returns its id. */
    Future<Long> addRule(Rule rule);

    /** False when there was no such rule. */
    Future<Boolean> removeRule(long ruleId);

    /** Whose session it is; empty when it is gone. */
    Future<Optional<String>> principalOf(long sessionId);
}
