package io.tuskmq.storage;

import io.vertx.core.Future;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Users and rules of a {@link MemoryStore}. */
final class MemoryAccess implements Access {
    /** The tables: one for all nodes. */
    static final class Tables {
        private final TreeMap<String, User> users = new TreeMap<>();
        private final TreeMap<String, ScramKeys> scram = new TreeMap<>();
        private final byte[] scramSecret = new byte[32];
        private final TreeMap<Long, Rule> rules = new TreeMap<>();
        private long stamps;
        private long ruleIds;
        private long usersVersion;
        private long rulesVersion;
    }

    private final MemoryTables sessions;
    private final Tables tables;
    private final MemoryRunner runner;

    MemoryAccess(MemoryTables sessions, MemoryRunner runner) {
        this.sessions = sessions;
        this.tables = sessions.access;
        this.runner = runner;
    }

    @Override
    public Future<Version> version() {
        return runner.run("access.version", () -> new Version(tables.usersVersion, tables.rulesVersion));
    }

    @Override
    public Future<Optional<User>> user(String name) {
        return runner.run("access.user", () -> Optional.ofNullable(tables.users.get(name)));
    }

    @Override
    public Future<Map<String, Long>> stamps(Collection<String> names) {
        return runner.run(
                "access.stamps",
                () -> tables.users.values().stream()
                        .filter(user -> names.contains(user.name()))
                        .collect(Collectors.toMap(User::name, User::stamp)));
    }

    @Override
    public Future<List<String>> names(String after, int limit) {
        return runner.run(
                "access.names",
                () -> tables.users.tailMap(after, false).keySet().stream()
                        .limit(limit)
                        .toList());
    }

    @Override
    public Future<Scram> scram(String name) {
        return runner.run("access.scram", () -> {
            User user = tables.users.get(name);
            ScramKeys keys = tables.scram.get(name);
            return new Scram(
                    tables.scramSecret,
                    user == null || keys == null ? Optional.empty() : Optional.of(new ScramUser(keys, user.stamp())));
        });
    }

    @Override
    public Future<Boolean> addUser(String name, Password password) {
        return runner.run("access.addUser", () -> {
            tables.usersVersion++; // as the trigger does, which counts statements
            if (tables.users.containsKey(name)) {
                return false;
            }
            put(name, password, ++tables.stamps);
            return true;
        });
    }

    @Override
    public Future<Boolean> changePassword(String name, Password password) {
        return runner.run("access.changePassword", () -> {
            tables.usersVersion++;
            User old = tables.users.get(name);
            if (old == null) {
                return false;
            }
            boolean same = old.passwordHash().equals(password.hash()) && hasKeys(name, password.scram());
            put(name, password, same ? old.stamp() : ++tables.stamps);
            return true;
        });
    }

    private boolean hasKeys(String name, Optional<ScramKeys> keys) {
        ScramKeys old = tables.scram.get(name);
        return old == null
                ? keys.isEmpty()
                : keys.isPresent() && Arrays.equals(old.storedKey(), keys.get().storedKey());
    }

    private void put(String name, Password password, long stamp) {
        tables.users.put(name, new User(name, password.hash(), stamp));
        tables.scram.remove(name);
        password.scram().ifPresent(keys -> tables.scram.put(name, keys));
    }

    @Override
    public Future<Boolean> removeUser(String name) {
        return runner.run("access.removeUser", () -> {
            tables.usersVersion++;
            tables.scram.remove(name);
            return tables.users.remove(name) != null;
        });
    }

    @Override
    public Future<Rules> rules() {
        return runner.run(
                "access.rules",
                () -> new Rules(
                        tables.rulesVersion,
                        tables.rules.values().stream()
                                .sorted(Comparator.comparingInt(Rule::position).thenComparingLong(Rule::ruleId))
                                .toList()));
    }

    @Override
    public Future<Long> addRule(Rule rule) {
        return runner.run("access.addRule", () -> {
            tables.rulesVersion++;
            long id = ++tables.ruleIds;
            tables.rules.put(
                    id,
                    new Rule(
                            id,
                            rule.position(),
                            rule.allow(),
                            rule.actions(),
                            rule.topic(),
                            rule.principal(),
                            rule.clientId(),
                            rule.address(),
                            rule.qos()));
            return id;
        });
    }

    @Override
    public Future<Boolean> removeRule(long ruleId) {
        return runner.run("access.removeRule", () -> {
            tables.rulesVersion++;
            return tables.rules.remove(ruleId) != null;
        });
    }

    @Override
    public Future<Optional<String>> principalOf(long sessionId) {
        return runner.run(
                "access.principalOf",
                () -> sessions.sessions.values().stream()
                        .filter(session -> session.sessionId == sessionId)
                        .map(session -> session.principal)
                        .findFirst());
    }
}
