package io.tuskmq.node.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.Access;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.rules.LaneVector;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a client that is connected may do while rules change, and when it is shown out. */
class ClientRightsTest {
    private static final Subject ALICE = new Subject("alice", "c", Address.UNKNOWN);

    private final Audit audit = new Audit(() -> 0);
    private final RuleBook book =
            new RuleBook(List.of(), new RuleBook.Options("auto", true, false), audit, new Metrics());
    private final ClientRights rights = new ClientRights(book, ALICE, List.of(), "alice");
    private long version;

    private void rules(String... lines) {
        List<Access.Rule> rows = new ArrayList<>();
        for (String line : lines) {
            rows.add(AclText.rule(line).toRow(rows.size()));
        }
        book.take(new Access.Rules(++version, rows));
    }

    private boolean publishes(String topic) {
        return rights.mayPublish(Message.of(topic, new byte[0], 1, false));
    }

    private boolean subscribes(String filter) {
        return rights.maySubscribe(new Subscription(filter, "", 1, false, false, 0, 0, 0, new LaneVector()));
    }

    /** What was found for a topic is kept only as long as the rules that it was found by. */
    @Test
    void eachChangeOfRulesCountsForTheNextMessage() {
        assertTrue(publishes("a"));
        rules("deny all a", "allow all #");
        assertFalse(publishes("a"));
        assertFalse(rights.mayReceive("a", 1));
        assertTrue(rights.mayReceive("b", 1));
        rules("deny all b", "allow all #");
        assertTrue(publishes("a"));
        assertTrue(rights.mayReceive("a", 1));
        assertFalse(rights.mayReceive("b", 1));
        assertFalse(subscribes("b"));
        rules();
        assertTrue(rights.mayReceive("b", 1));
        assertTrue(subscribes("b"));
    }

    /** Also by what was found before, and where there are no rules: until its connection is closed nothing gets to it or comes from it. */
    @Test
    void whoIsShownOutMayDoNothingFromThatMoment() {
        for (String[] rules : new String[][] {{"allow all #"}, {}}) {
            rules(rules);
            ClientRights before = new ClientRights(book, ALICE, List.of(), "alice");
            Message message = Message.of("a", new byte[0], 1, false);
            assertTrue(before.mayPublish(message) && before.mayReceive("a", 1));
            before.revoke();
            assertFalse(before.mayPublish(message));
            assertFalse(before.mayReceive("a", 1));
            assertFalse(before.mayReceive("b", 0));
            assertFalse(before.maySubscribe(new Subscription("a", "", 1, false, false, 0, 0, 0, new LaneVector())));
        }
    }

    /** A narrowed subscription stands for what is allowed of it, topic by topic. */
    @Test
    void aSubscriptionThatIsNarrowedGetsWhatIsAllowed() {
        rules("deny subscribe a/secret", "allow subscribe a/#");
        assertTrue(subscribes("a/+"));
        assertTrue(rights.mayReceive("a/open", 1));
        assertFalse(rights.mayReceive("a/secret", 1));
        assertFalse(rights.mayReceive("a/secret", 0));
        assertFalse(rights.mayReceive("b", 1));
        assertEquals(2, book.acl().rules().size());
    }
}
