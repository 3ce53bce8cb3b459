package io.tuskmq.node.auth;

import io.tuskmq.cluster.rules.TopicFilter;
import io.tuskmq.storage.Access;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One rule of an access control list. It fits a request when all its parts do; the first rule that fits decides.
 *
 * @param topic a topic filter; {@code %c} stands for the client id, {@code %u} for the principal
 * @param principal a name, {@code *}, or a beginning and {@code *}; {@code clientId} likewise
 * @param address empty = any
 * @param qosMask bit n: about QoS n, of a message, or asked for by a subscription
 */
public record AclRule(
        boolean allow,
        Set<Action> actions,
        String topic,
        String principal,
        String clientId,
        Optional<Network> address,
        int qosMask) {
    static final int ANY_QOS = 0b111;
    private static final String CLIENT_ID = "%c";
    private static final String PRINCIPAL = "%u";
    private static final String ALL = "all";

    public AclRule {
        String problem = TopicFilter.problem(topic.replace(CLIENT_ID, "x").replace(PRINCIPAL, "x"));
        if (problem != null) {
            throw new IllegalArgumentException("topic filter '" + topic + "': " + problem);
        }
        if (topic.startsWith("$share/")) {
            throw new IllegalArgumentException(
                    "topic filter '" + topic + "': a rule is about the filter inside $share/group/");
        }
        if (actions.isEmpty() || qosMask == 0 || principal.isEmpty() || clientId.isEmpty()) {
            throw new IllegalArgumentException("a rule without actions, QoS, principal or client id fits nothing");
        }
        actions = Set.copyOf(actions);
    }

    /**
     * From its row.
     *
     * @throws IllegalArgumentException with what is wrong
     */
    static AclRule of(Access.Rule row) {
        return new AclRule(
                row.allow(),
                actions(row.actions()),
                row.topic(),
                row.principal(),
                row.clientId(),
                row.address().isEmpty() ? Optional.empty() : Optional.of(network(row.address())),
                qosMask(row.qos()));
    }

    /** As a row to be added. */
    public Access.Rule toRow(int position) {
        return new Access.Rule(
                0,
                position,
                allow,
                actionsText(),
                topic,
                principal,
                clientId,
                address.map(Network::toString).orElse(""),
                qosText());
    }

    static Set<Action> actions(String text) {
        if (text.equals(ALL)) {
            return EnumSet.allOf(Action.class);
        }
        Set<Action> actions = EnumSet.noneOf(Action.class);
        for (String word : text.split(",", -1)) {
            actions.add(Arrays.stream(Action.values())
                    .filter(action -> action.word().equals(word))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("there is no action '" + word + "'")));
        }
        return actions;
    }

    static int qosMask(String digits) {
        int mask = 0;
        for (int i = 0; i < digits.length(); i++) {
            char digit = digits.charAt(i);
            if (digit < '0' || digit > '2') {
                throw new IllegalArgumentException("there is no QoS '" + digit + "'");
            }
            mask |= 1 << (digit - '0');
        }
        return mask;
    }

    static Network network(String text) {
        try {
            return Network.parse(text);
        } catch (IllegalArgumentException _) {
            throw new IllegalArgumentException("'" + text + "' is no network");
        }
    }

    /**
     * The rule as it is for this client: its topic filter without placeholders. Empty when it can't fit anything of this client.
     *
     * <p>What a client calls itself never widens a rule: a name with a wildcard or a slash in it, or one that would lead to
     * {@code $} topics, is allowed nothing by it. A rule that denies takes the name as it is.
     */
    Optional<String> filterFor(Subject subject) {
        if (!fits(principal, subject.principal()) || !fits(clientId, subject.clientId()) || !fitsAddress(subject)) {
            return Optional.empty();
        }
        if (!topic.contains("%")) {
            return Optional.of(topic);
        }
        boolean namesPrincipal = topic.contains(PRINCIPAL);
        if (namesPrincipal && subject.isAnonymous()) {
            return Optional.empty(); // nobody's topics
        }
        boolean unsafe = (topic.contains(CLIENT_ID) && !isPlain(subject.clientId(), topic.startsWith(CLIENT_ID)))
                || (namesPrincipal && !isPlain(subject.principal(), topic.startsWith(PRINCIPAL)));
        boolean impossible = (topic.contains(CLIENT_ID) && hasWildcard(subject.clientId()))
                || (namesPrincipal && hasWildcard(subject.principal()));
        return (allow && unsafe) || impossible ? Optional.empty() : Optional.of(filled(subject));
    }

    /** In one pass: what is put in is not looked at again. */
    private String filled(Subject subject) {
        StringBuilder filter = new StringBuilder();
        for (int i = 0; i < topic.length(); i++) {
            if (topic.startsWith(CLIENT_ID, i)) {
                filter.append(subject.clientId());
                i++;
            } else if (topic.startsWith(PRINCIPAL, i)) {
                filter.append(subject.principal());
                i++;
            } else {
                filter.append(topic.charAt(i));
            }
        }
        return filter.toString();
    }

    private static boolean isPlain(String value, boolean first) {
        return !value.isEmpty() && value.indexOf('/') < 0 && !hasWildcard(value) && !(first && value.charAt(0) == '$');
    }

    /** No topic name has one of these: no topic can be meant. */
    private static boolean hasWildcard(String value) {
        return value.indexOf('+') >= 0 || value.indexOf('#') >= 0;
    }

    private static boolean fits(String pattern, String value) {
        return pattern.endsWith("*")
                ? value.startsWith(pattern.substring(0, pattern.length() - 1))
                : pattern.equals(value);
    }

    /** Where the address isn't known, what denies fits and what allows doesn't. */
    private boolean fitsAddress(Subject subject) {
        return address.isEmpty() || (subject.address().isKnown() ? address.get().contains(subject.address()) : !allow);
    }

    boolean isAbout(Action action, int qos) {
        return actions.contains(action) && ((qosMask >> qos) & 1) == 1;
    }

    private String actionsText() {
        return actions.size() == Action.values().length
                ? ALL
                : actions.stream().sorted().map(Action::word).collect(Collectors.joining(","));
    }

    private String qosText() {
        StringBuilder digits = new StringBuilder();
        for (int qos = 0; qos < 3; qos++) {
            if (((qosMask >> qos) & 1) == 1) {
                digits.append(qos);
            }
        }
        return digits.toString();
    }

    /** In the words of {@link AclText}. */
    @Override
    public String toString() {
        return (allow ? "allow " : "deny ") + actionsText() + " " + AclText.quoted(topic)
                + (principal.equals("*") ? "" : " principal=" + AclText.quoted(principal))
                + (clientId.equals("*") ? "" : " client=" + AclText.quoted(clientId))
                + address.map(network -> " address=" + network).orElse("")
                + (qosMask == ANY_QOS ? "" : " qos=" + qosText());
    }
}
