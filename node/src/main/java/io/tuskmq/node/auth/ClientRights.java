package io.tuskmq.node.auth;

import io.tuskmq.node.rules.Rights;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.Message;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one client may do by the rules as they are now. What was found for a topic is kept, so that the next message of it costs a look-up;
 * until the rules change. Lives on its connection's event loop, but for {@link #revoke}.
 */
final class ClientRights implements Rights {
    private static final int TOPICS_MAX = 64;
    private static final int QOS_LEVELS = 3;
    /** Bits of an answer: known, and as far above that, allowed. */
    private static final int ALLOWED = 16;

    private static final Acl.OfClient FREE = Acl.OPEN.of(new Subject(Login.ANONYMOUS, "", Address.UNKNOWN), List.of());

    private final RuleBook book;
    private final Subject subject;
    private final List<AclRule> own;
    /** As the audit log calls it. */
    private final String name;

    private volatile boolean revoked;

    private Acl acl = Acl.OPEN;
    private Acl.OfClient rules = FREE;
    private boolean bound;
    /** Made with the first answer: without rules there is none. */
    private @Nullable Map<String, Integer> answers;

    ClientRights(RuleBook book, Subject subject, List<AclRule> own, String name) {
        this.book = book;
        this.subject = subject;
        this.own = own;
        this.name = name;
    }

    /** From now on it may do nothing. From any thread. */
    void revoke() {
        revoked = true;
    }

    @Override
    public boolean mayPublish(Message message) {
        if (isFree()) {
            return true;
        }
        boolean may = !revoked && publishes(message.topic(), message.qos(), message.retain());
        if (!may) {
            denied("publish", message.topic());
        }
        return may;
    }

    private void denied(String action, String topic) {
        book.denied(new Audit.Client(subject.clientId(), name, subject.address()), action, topic);
    }

    private boolean publishes(String topic, int qos, boolean retain) {
        int bit = retain ? QOS_LEVELS + qos : qos;
        int known = known(topic);
        if (((known >> bit) & 1) == 1) {
            return ((known >> (bit + ALLOWED)) & 1) == 1;
        }
        return keep(topic, known, bit, rules.mayPublish(topic, qos, retain));
    }

    @Override
    public boolean mayReceive(String topic, int qos) {
        if (isFree()) {
            return true;
        }
        if (revoked) {
            return false;
        }
        int bit = 2 * QOS_LEVELS + qos;
        int known = known(topic);
        if (((known >> bit) & 1) == 1) {
            return ((known >> (bit + ALLOWED)) & 1) == 1;
        }
        return keep(topic, known, bit, rules.allows(Action.SUBSCRIBE, topic, qos));
    }

    private int known(String topic) {
        Map<String, Integer> kept = answers;
        return kept == null ? 0 : kept.getOrDefault(topic, 0);
    }

    private boolean keep(String topic, int known, int bit, boolean allowed) {
        Map<String, Integer> kept = answers;
        if (kept == null || (kept.size() >= TOPICS_MAX && known == 0)) {
            kept = new HashMap<>();
            answers = kept;
        }
        kept.put(topic, known | (1 << bit) | (allowed ? 1 << (bit + ALLOWED) : 0));
        return allowed;
    }

    /** Groups give each message to one member: one that may not have all would keep some from the others. */
    @Override
    public boolean maySubscribe(Subscription subscription) {
        if (isFree()) {
            return true;
        }
        boolean may = !revoked && covers(subscription);
        if (!may) {
            denied("subscribe", subscription.filter());
        }
        return may;
    }

    private boolean covers(Subscription subscription) {
        Coverage coverage = rules.coverage(Action.SUBSCRIBE, subscription.filter(), subscription.qos());
        if (subscription.shared()) {
            return coverage == Coverage.ALL
                    && rules.coverage(Action.SHARED, subscription.filter(), subscription.qos()) == Coverage.ALL;
        }
        return coverage == Coverage.ALL || (coverage == Coverage.SOME && book.narrows());
    }

    @Override
    public boolean areProved() {
        return !subject.isAnonymous();
    }

    @Override
    public boolean deniedPublishEnds() {
        return book.deniedPublishEnds();
    }

    /** Whether there is nothing to look at; else the rules are those of now. */
    private boolean isFree() {
        Acl now = book.acl();
        if (revoked || !isOpen(now)) {
            bind(now);
            return false;
        }
        return true;
    }

    private boolean isOpen(Acl now) {
        return now.isOpen() && own.isEmpty();
    }

    @SuppressWarnings("ReferenceEquality") // another list of rules, equal or not, is bound anew
    private void bind(Acl now) {
        if (!bound || acl != now) {
            acl = now;
            rules = now.of(subject, own);
            answers = null;
            bound = true;
        }
    }
}
