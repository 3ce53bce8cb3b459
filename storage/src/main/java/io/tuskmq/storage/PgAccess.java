package io.tuskmq.storage;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Users and rules in PostgreSQL. */
final class PgAccess implements Access {
    private static final Batcher.Limits LIMITS = new Batcher.Limits(1, 500, 10_000);

    private final Sql sql;
    private final Batcher<String, Optional<User>> users;
    private final Batcher<String, Scram> scrams;

    PgAccess(Sql sql) {
        this.sql = sql;
        this.users = new Batcher<>("user", LIMITS, this::findUsers);
        this.scrams = new Batcher<>("scram", LIMITS, this::findScram);
    }

    static final String VERSION = "SELECT users, rules FROM access_version WHERE only_row";

    @Override
    public Future<Version> version() {
        return sql.query(VERSION, Tuple.tuple()).map(rows -> {
            Row row = rows.iterator().next();
            return new Version(row.getLong("users"), row.getLong("rules"));
        });
    }

    @Override
    public Future<Optional<User>> user(String name) {
        return users.submit(name);
    }

    static final String USERS = "SELECT name, password_hash, stamp FROM mqtt_user WHERE name = ANY ($1)";

    private Future<List<Optional<User>>> findUsers(List<String> names) {
        return sql.query(USERS, Tuple.of(names.toArray(new String[0]))).map(rows -> {
            Map<String, User> found = new HashMap<>();
            for (Row row : rows) {
                String name = row.getString("name");
                found.put(name, new User(name, row.getString("password_hash"), row.getLong("stamp")));
            }
            return names.stream()
                    .map(name -> Optional.ofNullable(found.get(name)))
                    .toList();
        });
    }

    @Override
    public Future<Scram> scram(String name) {
        return scrams.submit(name);
    }

    /** The secret comes in a row also when nobody has one of the names. */
    static final String SCRAM = """
            SELECT s.secret, u.name, u.stamp, u.scram_salt, u.scram_iterations, u.scram_stored_key, u.scram_server_key
              FROM scram_secret s
                   LEFT JOIN mqtt_user u ON u.name = ANY ($1) AND u.scram_stored_key IS NOT NULL
             WHERE s.single""";

    private Future<List<Scram>> findScram(List<String> names) {
        return sql.query(SCRAM, Tuple.of(names.toArray(new String[0]))).map(rows -> {
            byte[] secret = rows.iterator().next().getBuffer("secret").getBytes();
            Map<String, ScramUser> found = new HashMap<>();
            for (Row row : rows) {
                String name = row.getString("name");
                if (name != null) {
                    found.put(name, scramUser(row));
                }
            }
            return names.stream()
                    .map(name -> new Scram(secret, Optional.ofNullable(found.get(name))))
                    .toList();
        });
    }

    private static ScramUser scramUser(Row row) {
        ScramKeys keys = new ScramKeys(
                row.getBuffer("scram_salt").getBytes(),
                row.getInteger("scram_iterations"),
                row.getBuffer("scram_stored_key").getBytes(),
                row.getBuffer("scram_server_key").getBytes());
        return new ScramUser(keys, row.getLong("stamp"));
    }

    static final String STAMPS = "SELECT name, stamp FROM mqtt_user WHERE name = ANY ($1)";

    @Override
    public Future<Map<String, Long>> stamps(Collection<String> names) {
        return sql.query(STAMPS, Tuple.of(names.toArray(new String[0]))).map(rows -> {
            Map<String, Long> stamps = new HashMap<>();
            rows.forEach(row -> stamps.put(row.getString("name"), row.getLong("stamp")));
            return stamps;
        });
    }

    static final String NAMES = """
            SELECT name FROM mqtt_user WHERE name COLLATE "C" > $1 ORDER BY name COLLATE "C" LIMIT $2""";

    @Override
    public Future<List<String>> names(String after, int limit) {
        return sql.query(NAMES, Tuple.of(after, limit)).map(rows -> Rows.list(rows, row -> row.getString("name")));
    }

    static final String ADD_USER = """
            INSERT INTO mqtt_user (name, password_hash, scram_salt, scram_iterations, scram_stored_key, scram_server_key)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING name""";

    @Override
    public Future<Boolean> addUser(String name, Password password) {
        return sql.query(ADD_USER, row(name, password)).map(PgAccess::any);
    }

    static final String CHANGE_PASSWORD = """
            UPDATE mqtt_user
               SET password_hash = $2, scram_salt = $3, scram_iterations = $4, scram_stored_key = $5, scram_server_key = $6
             WHERE name = $1 RETURNING name""";

    @Override
    public Future<Boolean> changePassword(String name, Password password) {
        return sql.query(CHANGE_PASSWORD, row(name, password)).map(PgAccess::any);
    }

    private static Tuple row(String name, Password password) {
        Tuple row = Tuple.of(name, password.hash());
        if (password.scram().isEmpty()) {
            return row.addBuffer(null).addInteger(null).addBuffer(null).addBuffer(null);
        }
        ScramKeys keys = password.scram().get();
        return row.addBuffer(Buffer.buffer(keys.salt()))
                .addInteger(keys.iterations())
                .addBuffer(Buffer.buffer(keys.storedKey()))
                .addBuffer(Buffer.buffer(keys.serverKey()));
    }

    static final String REMOVE_USER = "DELETE FROM mqtt_user WHERE name = $1 RETURNING name";

    @Override
    public Future<Boolean> removeUser(String name) {
        return sql.query(REMOVE_USER, Tuple.of(name)).map(PgAccess::any);
    }

    /** One statement, so one snapshot: the rules are those of the version. */
    static final String RULES = """
            SELECT v.rules AS version, r.rule_id, r.position, r.allow, r.actions, r.topic, r.principal, r.client_id,
                   coalesce(r.address::text, '') AS address, r.qos
              FROM access_version v LEFT JOIN acl_rule r ON true
             WHERE v.only_row ORDER BY r.position, r.rule_id""";

    @Override
    public Future<Rules> rules() {
        return sql.query(RULES, Tuple.tuple()).map(rows -> {
            List<Row> all = Rows.list(rows, row -> row);
            long version = all.getFirst().getLong("version");
            return new Rules(
                    version,
                    all.stream()
                            .filter(row -> row.getLong("rule_id") != null)
                            .map(PgAccess::rule)
                            .toList());
        });
    }

    private static Rule rule(Row row) {
        return new Rule(
                row.getLong("rule_id"),
                row.getInteger("position"),
                row.getBoolean("allow"),
                row.getString("actions"),
                row.getString("topic"),
                row.getString("principal"),
                row.getString("client_id"),
                row.getString("address"),
                row.getString("qos"));
    }

    static final String ADD_RULE = """
            INSERT INTO acl_rule (position, allow, actions, topic, principal, client_id, address, qos)
            VALUES ($1, $2, $3, $4, $5, $6, CAST(nullif($7::text, '') AS cidr), $8) RETURNING rule_id""";

    @Override
    public Future<Long> addRule(Rule rule) {
        Tuple row = Tuple.tuple()
                .addInteger(rule.position())
                .addBoolean(rule.allow())
                .addString(rule.actions())
                .addString(rule.topic())
                .addString(rule.principal())
                .addString(rule.clientId())
                .addString(rule.address())
                .addString(rule.qos());
        return sql.query(ADD_RULE, row).map(rows -> rows.iterator().next().getLong("rule_id"));
    }

    static final String REMOVE_RULE = "DELETE FROM acl_rule WHERE rule_id = $1 RETURNING rule_id";

    @Override
    public Future<Boolean> removeRule(long ruleId) {
        return sql.query(REMOVE_RULE, Tuple.of(ruleId)).map(PgAccess::any);
    }

    static final String PRINCIPAL = "SELECT principal FROM session WHERE session_id = $1";

    @Override
    public Future<Optional<String>> principalOf(long sessionId) {
        return sql.query(PRINCIPAL, Tuple.of(sessionId))
                .map(rows -> Rows.list(rows, row -> row.getString("principal")).stream()
                        .findFirst());
    }

    private static boolean any(RowSet<Row> rows) {
        return rows.size() > 0;
    }
}
