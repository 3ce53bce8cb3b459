package io.tuskmq.node.auth;

import io.tuskmq.cluster.rules.TopicFilter;
import java.util.ArrayList;
import java.util.List;

/** All rules at one time, and what counts where none fits. Immutable. */
record Acl(List<AclRule> rules, ByDefault byDefault) {
    /** What counts where no rule fits. */
    enum ByDefault {
        /** Deny, as soon as there is any rule for anybody. */
        AUTO,
        ALLOW,
        DENY
    }

    static final Acl OPEN = new Acl(List.of(), ByDefault.AUTO);

    Acl {
        rules = List.copyOf(rules);
    }

    /** Whether everything is allowed to whoever has no rules of its own. */
    boolean isOpen() {
        return rules.isEmpty() && byDefault != ByDefault.DENY;
    }

    /** @param own the client's own rules, which come last */
    OfClient of(Subject subject, List<AclRule> own) {
        List<Bound> bound = new ArrayList<>();
        for (List<AclRule> part : List.of(rules, own)) {
            for (AclRule rule : part) {
                rule.filterFor(subject).ifPresent(filter -> bound.add(new Bound(rule, filter)));
            }
        }
        boolean allow = switch (byDefault) {
            case AUTO -> rules.isEmpty() && own.isEmpty();
            case ALLOW -> true;
            case DENY -> false;
        };
        return new OfClient(List.copyOf(bound), allow);
    }

    /** A rule that may fit a client, with the filter that it has for it. */
    private record Bound(AclRule rule, String filter) {}

    /** The rules for one client. */
    static final class OfClient {
        private final List<Bound> rules;
        private final boolean allowByDefault;

        private OfClient(List<Bound> rules, boolean allowByDefault) {
            this.rules = rules;
            this.allowByDefault = allowByDefault;
        }

        /** Of a topic name, by the first rule that fits. */
        boolean allows(Action action, String topic, int qos) {
            for (Bound bound : rules) {
                if (bound.rule().isAbout(action, qos) && TopicFilter.matches(bound.filter(), topic)) {
                    return bound.rule().allow();
                }
            }
            return allowByDefault;
        }

        boolean mayPublish(String topic, int qos, boolean retain) {
            return allows(Action.PUBLISH, topic, qos) && (!retain || allows(Action.RETAIN, topic, qos));
        }

        /** Of all topics that a filter matches. */
        Coverage coverage(Action action, String filter, int qos) {
            List<OverlapSearch.Rule> about = rules.stream()
                    .filter(bound -> bound.rule().isAbout(action, qos))
                    .map(bound ->
                            new OverlapSearch.Rule(bound.filter(), bound.rule().allow()))
                    .toList();
            return OverlapSearch.search(filter, about, allowByDefault);
        }
    }
}
