package io.tuskmq.storage;

import io.vertx.core.Future;
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
    public Future<Boolean> addUser(String name, String passwordHash) {
        return runner.run("access.addUser", () -> {
            tables.usersVersion++; // as the trigger does, which counts statements
            return tables.users.putIfAbsent(name, new User(name, passwordHash, tables.stamps + 1)) == null
                    && ++tables.stamps > 0;
        });
    }

    @Override
    public Future<Boolean> changePassword(String name, String passwordHash) {
        return runner.run("access.changePassword", () -> {
            tables.usersVersion++;
            User old = tables.users.get(name);
            if (old == null) {
                return false;
            }
            long stamp = old.passwordHash().equals(passwordHash) ? old.stamp() : ++tables.stamps;
            tables.users.put(name, new User(name, passwordHash, stamp));
            return true;
        });
    }

    @Override
    public Future<Boolean> removeUser(String name) {
        return runner.run("access.removeUser", () -> {
            tables.usersVersion++;
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
