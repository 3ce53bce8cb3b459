package io.tuskmq.storage;

import static io.tuskmq.storage.PgNode.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.migrations.Migrate;
import io.tuskmq.storage.LogReader.Logged;
import io.tuskmq.storage.LogReader.Page;
import io.tuskmq.storage.LogReader.Range;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.SessionState;
import io.tuskmq.storage.Sessions.StoredSubscription;
import io.tuskmq.storage.rules.LaneVector;
import io.tuskmq.storage.rules.LogPass;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A database that was filled under schema V5 and migrated: all that it promised is kept, once, and the nodes of then go on meanwhile. */
@ExtendWith(PostgresExtension.class)
final class UpgradeTest {
    private static final String[] SESSIONS = {"reader", "at-a", "new-room", "$share/workers/jobs/#", "worker"};

    @SuppressWarnings("NullAway.Init")
    private TestDatabase database;

    @BeforeEach
    void fill(TestDatabase fresh) throws SQLException, IOException {
        database = fresh;
        database.beginAt(5);
        try (InputStream rows = Objects.requireNonNull(UpgradeTest.class.getResourceAsStream("/upgrade/v5.sql"))) {
            database.execute(new String(rows.readAllBytes(), StandardCharsets.UTF_8));
        }
        assertEquals(4, database.number("SELECT count(*) FROM log_partition WHERE attached"));
    }

    /** What waits for a session, each message once, by the rows alone. */
    private List<String> waits(String clientId) throws SQLException {
        return database.query("""
            SELECT DISTINCT l.id, convert_from(l.payload, 'UTF8')
              FROM session s JOIN log l ON l.filter_id = -s.session_id OR l.filter_id IN (
                   SELECT u.filter_id FROM subscription u WHERE u.session_id = s.session_id AND u.share = ''
                    UNION ALL SELECT f.filter_id FROM filter f WHERE s.client_id = '$share/workers/' || f.filter)
             WHERE s.client_id = '%s' AND l.id > s.cursor[(l.id >> 12) & 511] ORDER BY l.id""".formatted(clientId)).stream()
                .map(row -> row.substring(row.indexOf('\t') + 1))
                .toList();
    }

    /** What each session's row and rows of its own say, in one text. */
    private String holds(String clientId) throws SQLException {
        return database.query("""
            SELECT s.cursor::text, encode(s.inflight, 'hex'),
                   (SELECT array_agg((u.filter, u.share, u.filter_id, u.qos, u.no_local, u.retain_as_published, u.retain_handling,
                                      u.subscription_id, u.start, u.retained_after)::text ORDER BY u.filter, u.share)
                      FROM subscription u WHERE u.session_id = s.session_id)::text,
                   (SELECT array_agg(r.packet_id ORDER BY r.packet_id) FROM receipt r WHERE r.session_id = s.session_id)::text
              FROM session s WHERE s.client_id = '%s'""".formatted(clientId)).getFirst();
    }

    private static Claimed.Owned claim(PgNode node, String clientId, String principal) {
        Sessions.Claim claim = new Sessions.Claim(
                clientId, principal, node.lease.incarnation(), StoreFixture.number(), false, 3600, false, null);
        return assertInstanceOf(Claimed.Owned.class, await(node.store.sessions().claim(claim)));
    }

    private Claimed.Owned claim(PgNode node, String clientId) throws SQLException {
        return claim(
                node,
                clientId,
                database.query("SELECT principal FROM session WHERE client_id = '" + clientId + "'")
                        .getFirst());
    }

    /** Page by page from its cursor to the end of the log. */
    private static List<String> read(PgNode node, Claimed.Owned owned, long... more) {
        LaneVector cursor = owned.state().cursor().copy();
        LogPass pass = new LogPass(cursor);
        List<String> read = new ArrayList<>();
        boolean isEnd = false;
        while (!isEnd) {
            List<Range> ranges = new ArrayList<>();
            ranges.add(new Range(-owned.sessionId(), pass.afterId()));
            owned.state().subscriptions().stream()
                    .filter(s -> s.filterId() != 0 && s.share().isEmpty())
                    .forEach(s -> ranges.add(new Range(s.filterId(), pass.afterId())));
            for (long filterId : more) {
                ranges.add(new Range(filterId, pass.afterId()));
            }
            Page page = await(node.store.log().read(ranges, 7));
            pass.page(page.heads(), page.starts());
            for (Logged row : page.messages()) {
                if (pass.takes(row.id())) {
                    read.add(new String(row.message().payload(), StandardCharsets.UTF_8));
                }
            }
            pass.through(page.throughId());
            isEnd = page.isEnd();
        }
        return read;
    }

    @Test
    void sessionsReadOnWhereTheyWere() throws SQLException {
        List<String> held = new ArrayList<>();
        List<List<String>> waited = new ArrayList<>();
        for (String session : SESSIONS) {
            held.add(holds(session));
            waited.add(waits(session));
        }
        assertTrue(waited.getFirst().size() > 40, waited.getFirst()::toString);
        Migrate.run(database.url());
        try (PgNode node = new PgNode(database, 2)) {
            await(node.store.leases().endExpired());
            for (int i = 0; i < SESSIONS.length; i++) {
                assertEquals(held.get(i), holds(SESSIONS[i]), SESSIONS[i]);
                Claimed.Owned owned = claim(node, SESSIONS[i]);
                assertTrue(owned.sessionPresent(), SESSIONS[i]);
                boolean isGroup = SESSIONS[i].startsWith("$share/");
                List<String> read = isGroup ? read(node, owned, 4) : read(node, owned);
                assertEquals(waited.get(i), read, SESSIONS[i]);
                if (isGroup) {
                    assertEquals(List.of(), await(node.store.sessions().taken(owned.sessionId())));
                }
            }
        }
    }

    @Test
    void handshakesSubscriptionsAndHandOversGoOn() throws SQLException {
        Migrate.run(database.url());
        try (PgNode node = new PgNode(database, 1)) {
            Claimed.Owned owned = claim(node, "reader");
            assertEquals(6, owned.epoch());
            SessionState state = owned.state();
            byte[] inflight = HexFormat.of().parseHex("0102030405");
            assertArrayEquals(inflight, java.util.Arrays.copyOfRange(state.inflight(), 8, state.inflight().length));
            assertEquals(List.of(7, 9), state.receipts());
            assertEquals(
                    List.of("alerts/# 2 1", "chat 0 0", "sensors/# 5 2", "sensors/+/temp 1 1"),
                    state.subscriptions().stream()
                            .map(s -> s.filter() + " " + s.filterId() + " " + s.qos())
                            .toList());
            StoredSubscription room =
                    claim(node, "new-room").state().subscriptions().getFirst();
            assertEquals("room/c", room.retainedAfter());
            Retained.Page rest = await(node.store.retained().find("room/#", "room/c", 10));
            assertEquals(
                    List.of("room/d", "room/e"),
                    rest.messages().stream().map(Message::topic).toList());
            assertEquals(
                    1,
                    await(node.store.retained().find("+/b", "", 10)).messages().size());
        }
    }

    @Test
    void theDeadNodesWillsAndExpiriesGoOn() throws SQLException {
        Migrate.run(database.url());
        try (PgNode node = new PgNode(database, 2)) {
            assertEquals(List.of(1L), await(node.store.leases().endExpired()));
            assertEquals(
                    List.of("will/at-a", "will/clean", "will/earlier"),
                    await(node.store.wills().due(10)).stream()
                            .map(will -> will.message().topic())
                            .sorted()
                            .toList());
            assertEquals(1, await(node.store.sessions().endExpired(10)));
            assertEquals(0, database.number("SELECT count(*) FROM session WHERE client_id = 'over'"));
            assertEquals(1, await(node.store.retained().deleteExpired(10)));
            assertEquals(5, await(node.store.retained().count()));
            long rows = database.number("SELECT count(*) FROM log");
            await(node.store.maintainLog(86_400_000));
            assertEquals(rows, database.number("SELECT count(*) FROM log"), "kept for those who have not read it");
        }
    }

    /** Lanes go on above all ids that they ever gave. */
    @Test
    void whatIsPublishedAfterwardsComesBehindTheRest() throws SQLException {
        List<String> expected = Stream.concat(waits("reader").stream(), Stream.of("new 1", "new 2"))
                .toList();
        Migrate.run(database.url());
        try (PgNode node = new PgNode(database, 1)) {
            await(node.store.leases().endExpired());
            PgNode next = new PgNode(database, 2);
            try (next) {
                assertEquals(
                        List.of(1, 2),
                        next.lease.lanes().stream().map(Leases.Lane::laneId).toList(),
                        "the dead node's lanes");
                LaneEvents events = new LaneEvents();
                LaneWriter writer = next.store.laneWriter(next.lease.lanes().getFirst(), events);
                writer.append(TestAppend.of(next.copy, "alerts/#", "new 1"));
                writer.append(TestAppend.of(next.copy, "alerts/#", "new 2"));
                events.awaitCommitted(2);
                await(writer.close());
                assertEquals(expected, read(next, claim(next, "reader")));
            }
        }
    }

    /** The statements of the release that knew V5: a node that runs while another one migrates goes on. */
    @Test
    void anOldNodeAppendsAndRenewsOnTheNewSchema() throws SQLException {
        Migrate.run(database.url());
        long head = database.number("SELECT head FROM lane WHERE lane_id = 3");
        long id = head + 1;
        assertEquals(
                0,
                database.number(
                        ("SELECT status FROM append_batch(3, 2, %1$d, %2$d, 7, '{2}', '{%2$d}', '{1}', '{NULL}', '{NULL}',"
                                        + " '{alerts/old}', '{NULL}', '{old}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',"
                                        + " '{%2$d}', '{1}', '{NULL}', '{alerts/old}', '{NULL}', '{old}', '{2}', '{0:alerts,1:old}')")
                                .formatted(head, id)));
        assertEquals("t", database.query("SELECT renew_node(2, 10000)").getFirst());
        try (PgNode node = new PgNode(database, 1)) {
            Leases.Heartbeat seen = await(node.store.leases().renew(node.lease.incarnation(), 10_000));
            assertEquals(id, seen.lanes().get(2).last(), "others see that there is something to read");
            assertEquals("old", read(node, claim(node, "reader")).getLast());
            assertEquals(
                    1,
                    await(node.store.retained().find("alerts/old", "", 1))
                            .messages()
                            .size());
        }
    }
}
