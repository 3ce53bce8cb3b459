package io.tuskmq.node.auth;

import io.tuskmq.node.rules.Rights;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.Message;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What one client may do by the rules as they are now. What was found for a topic is kept, so that the next message of it costs a look-up;
 * until the rules change. Lives on its connection's event loop, but for {@link #revoke}.
 */
final class ClientRights implements Rights {
    private static final int TOPICS_MAX = 64;
    private static final int QOS_LEVELS = 3;
    /** Bits of an answer: known, and as far above that, allowed. */
    private static final int ALLOWED = 16;

    private final RuleBook book;
    private final Subject subject;
    private final List<AclRule> own;
    private final Audit.Client client;
    private volatile boolean revoked;

    private Acl acl = Acl.OPEN;
    private Acl.OfClient rules = Acl.OPEN.of(new Subject(Login.ANONYMOUS, "", Address.UNKNOWN), List.of());
    private boolean bound;
    private final Map<String, Integer> answers = new HashMap<>(0);

    ClientRights(RuleBook book, Subject subject, List<AclRule> own, Audit.Client client) {
        this.book = book;
        this.subject = subject;
        this.own = own;
        this.client = client;
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
            book.denied(client, "publish", message.topic());
        }
        return may;
    }

    private boolean publishes(String topic, int qos, boolean retain) {
        int bit = retain ? QOS_LEVELS + qos : qos;
        int known = answers.getOrDefault(topic, 0);
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
        int known = answers.getOrDefault(topic, 0);
        if (((known >> bit) & 1) == 1) {
            return ((known >> (bit + ALLOWED)) & 1) == 1;
        }
        return keep(topic, known, bit, rules.allows(Action.SUBSCRIBE, topic, qos));
    }

    private boolean keep(String topic, int known, int bit, boolean allowed) {
        if (answers.size() >= TOPICS_MAX && known == 0) {
            answers.clear();
        }
        answers.put(topic, known | (1 << bit) | (allowed ? 1 << (bit + ALLOWED) : 0));
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
            book.denied(client, "subscribe", subscription.filter());
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
            answers.clear();
            bound = true;
        }
    }
}
