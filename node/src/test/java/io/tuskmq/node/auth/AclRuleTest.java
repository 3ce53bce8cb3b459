package io.tuskmq.node.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AclRuleTest {
    private static final Address HOME = Address.parse("10.1.2.3");

    private static Subject subject(String principal, String clientId) {
        return new Subject(principal, clientId, HOME);
    }

    private static Acl.OfClient acl(Subject subject, String... rules) {
        return new Acl(AclText.parse(String.join("\n", rules)), Acl.ByDefault.AUTO).of(subject, List.of());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "allow publish a/b",
                "deny all #",
                "allow subscribe,shared jobs/# principal=worker* qos=01",
                "allow publish,retain \"a b/%c\" principal=alice client=sensor-* address=10.0.0.0/8",
                "deny publish \"quo\\\"te\\\\\" address=2001:db8:0:0:0:0:0:0/32 qos=2",
            })
    void aRuleIsWrittenAsItIsRead(String line) {
        AclRule rule = AclText.rule(line);
        assertEquals(line, rule.toString());
        assertEquals(rule, AclRule.of(rule.toRow(7)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "allow",
                "permit publish a",
                "allow publish",
                "allow fly a",
                "allow publish a/#/b",
                "allow publish %c#",
                "allow subscribe $share/g/a",
                "allow publish a qos=3",
                "allow publish a qos=",
                "allow publish a colour=red",
                "allow publish a principal=x principal=y",
                "allow publish a address=10.0.0.0/33",
                "allow publish a address=example.com",
                "allow publish \"a",
            })
    void whatIsNoRuleIsRefusedWithItsLine(String line) {
        var refused = assertThrows(IllegalArgumentException.class, () -> AclText.parse("# a comment\n\n" + line));
        assertTrue(String.valueOf(refused.getMessage()).startsWith("line 3: "), refused.getMessage());
    }

    @Test
    void theFirstRuleThatFitsDecides() {
        var alice = acl(
                subject("alice", "c1"),
                "deny publish a/secret",
                "allow publish a/#",
                "allow publish a/secret",
                "deny publish b",
                "allow publish b principal=alice");
        assertTrue(alice.allows(Action.PUBLISH, "a/x", 1));
        assertFalse(alice.allows(Action.PUBLISH, "a/secret", 1));
        assertFalse(alice.allows(Action.PUBLISH, "b", 1));
        assertFalse(alice.allows(Action.SUBSCRIBE, "a/x", 1), "another action");
    }

    @ParameterizedTest
    @CsvSource({
        "allow all t principal=alice,       true",
        "allow all t principal=ali*,        true",
        "allow all t principal=bob,         false",
        "allow all t principal=alicea,      false",
        "allow all t client=c1,             true",
        "allow all t client=c*,             true",
        "allow all t client=C1,             false",
        "allow all t address=10.0.0.0/8,    true",
        "allow all t address=10.1.2.3,      true",
        "allow all t address=10.1.2.2/31,   true",
        "allow all t address=10.1.2.4/30,   false",
        "allow all t address=11.0.0.0/8,    false",
        "allow all t address=::/0,          false",
        "allow all t qos=1,                 true",
        "allow all t qos=02,                false",
        "allow publish t,                   true",
        "allow retain t,                    false",
    })
    void everyConditionHasToFit(String rule, boolean allowed) {
        assertEquals(allowed, acl(subject("alice", "c1"), rule).allows(Action.PUBLISH, "t", 1));
    }

    @Test
    void retainedMessagesNeedBothActions() {
        var rules = acl(subject("alice", "c1"), "allow publish a", "allow publish,retain b", "allow retain c");
        assertTrue(rules.mayPublish("a", 0, false));
        assertFalse(rules.mayPublish("a", 0, true));
        assertTrue(rules.mayPublish("b", 0, true));
        assertFalse(rules.mayPublish("c", 0, true));
    }

    @Test
    void placeholdersStandForTheClient() {
        var rules = acl(subject("alice", "c1"), "allow all u/%u/%c/#", "allow all x-%c-%u");
        assertTrue(rules.allows(Action.PUBLISH, "u/alice/c1/x", 0));
        assertFalse(rules.allows(Action.PUBLISH, "u/alice/c2/x", 0));
        assertTrue(rules.allows(Action.PUBLISH, "x-c1-alice", 0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"+", "#", "a/b", "a+", "#a", "/", ""})
    void whatAClientCallsItselfWidensNothing(String name) {
        for (Subject subject : List.of(subject(name, "c"), subject("p", name))) {
            AclRule rule = AclText.rule("allow all c/" + (subject.clientId().equals(name) ? "%c" : "%u") + "/#");
            assertEquals(Optional.empty(), rule.filterFor(subject), subject.toString());
        }
    }

    @Test
    void aNameIsNotLookedAtForPlaceholdersAgain() {
        assertEquals(
                Optional.of("a/%u/alice"), AclText.rule("allow all a/%c/%u").filterFor(subject("alice", "%u")));
    }

    @Test
    void aNameLeadsToNoTopicsOfTheBroker() {
        assertEquals(Optional.empty(), AclText.rule("allow all %c/#").filterFor(subject("p", "$SYS")));
        assertEquals(Optional.of("a/$SYS"), AclText.rule("allow all a/%c").filterFor(subject("p", "$SYS")));
    }

    @Test
    void whatDeniesTakesTheNameAsItIs() {
        assertEquals(
                Optional.of("c/a/b/secret"),
                AclText.rule("deny all c/%c/secret").filterFor(subject("p", "a/b")));
        var rules = acl(subject("p", "a/b"), "deny all c/%c/secret", "allow all #");
        assertFalse(rules.allows(Action.SUBSCRIBE, "c/a/b/secret", 0));
    }

    @Test
    void whoHasProvedNothingHasNoTopicsByName() {
        Subject nobody = subject(Login.ANONYMOUS, "c1");
        assertEquals(Optional.empty(), AclText.rule("allow all u/%u/#").filterFor(nobody));
        assertEquals(
                Optional.of("t"),
                AclText.rule("allow all t principal=anonymous").filterFor(nobody));
    }

    @Test
    void anAddressThatNobodyKnowsIsDeniedButNotAllowed() {
        Subject gone = new Subject("alice", "c1", Address.UNKNOWN);
        assertEquals(
                Optional.empty(), AclText.rule("allow all t address=10.0.0.0/8").filterFor(gone));
        assertEquals(
                Optional.of("t"), AclText.rule("deny all t address=10.0.0.0/8").filterFor(gone));
    }

    @Test
    void withoutRulesAllIsAllowedAndWithOneNothingElse() {
        var none = Acl.OPEN.of(subject("alice", "c"), List.of());
        assertTrue(none.allows(Action.PUBLISH, "t", 0));
        assertEquals(Coverage.ALL, none.coverage(Action.SUBSCRIBE, "#", 0));
        assertFalse(acl(subject("alice", "c"), "allow all x").allows(Action.PUBLISH, "t", 0));
        var own = Acl.OPEN.of(subject("alice", "c"), AclText.parse("allow all x"));
        assertFalse(own.allows(Action.PUBLISH, "t", 0));
        var allow = new Acl(AclText.parse("deny all x"), Acl.ByDefault.ALLOW);
        assertTrue(allow.of(subject("alice", "c"), List.of()).allows(Action.PUBLISH, "t", 0));
        var deny = new Acl(List.of(), Acl.ByDefault.DENY);
        assertFalse(deny.of(subject("alice", "c"), List.of()).allows(Action.PUBLISH, "t", 0));
        assertFalse(deny.isOpen());
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:1883,          127.0.0.1",
        "[0:0:0:0:0:0:0:1]:1883,  0:0:0:0:0:0:0:1",
        "0:0:0:0:0:0:0:1:1883,    0:0:0:0:0:0:0:1",
        "::ffff:10.1.2.3:5,       10.1.2.3",
        "[::ffff:10.1.2.3]:5,     10.1.2.3",
        "[fe80::1%eth0]:5,        fe80:0:0:0:0:0:0:1",
        "host.example:5,          ''",
        "300.1.1.1:5,             ''",
        "1.2.3:5,                 ''",
        "01.2.3.4:5,              ''",
    })
    void readsTheAddressOfASocket(String socket, String address) {
        assertEquals(address, Address.ofSocket(socket).toString());
    }
}
