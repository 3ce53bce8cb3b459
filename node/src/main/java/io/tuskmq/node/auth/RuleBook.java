package io.tuskmq.node.auth;

import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.storage.Access;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rules that count on this node: those of the file, then those of the database. Rows that are no rules change nothing: what counted before
 * counts on, and the log says so. Read from any thread.
 */
public final class RuleBook {
    private static final Logger LOG = LoggerFactory.getLogger(RuleBook.class);

    private final List<AclRule> ofFile;
    private final Options options;
    private final Audit audit;
    private final LongAdder deniedPublishes;
    private final LongAdder deniedSubscriptions;
    private volatile Acl acl;

    /**
     * @param narrows whether a subscription that may have only a part of what it matches is accepted, and gets that part
     * @param deniedPublishEnds whether a client that publishes what it may not is disconnected
     */
    public record Options(String byDefault, boolean narrows, boolean deniedPublishEnds) {}

    public RuleBook(List<AclRule> ofFile, Options options, Audit audit, Metrics metrics) {
        this.ofFile = List.copyOf(ofFile);
        this.options = options;
        this.audit = audit;
        this.acl = with(List.of());
        this.deniedPublishes = metrics.counter(
                "tuskmq_denied_publishes_total", "Messages and wills of clients that may not publish them.");
        this.deniedSubscriptions = metrics.counter(
                "tuskmq_denied_subscriptions_total", "Topic filters that were refused to clients by rules.");
        metrics.gauge(
                "tuskmq_acl_rules",
                "Access rules that count on this node.",
                () -> acl.rules().size());
    }

    private Acl with(List<AclRule> ofDatabase) {
        List<AclRule> all = new ArrayList<>(ofFile);
        all.addAll(ofDatabase);
        return new Acl(all, Acl.ByDefault.valueOf(options.byDefault().toUpperCase(java.util.Locale.ROOT)));
    }

    Acl acl() {
        return acl;
    }

    boolean narrows() {
        return options.narrows();
    }

    boolean deniedPublishEnds() {
        return options.deniedPublishEnds();
    }

    /**
     * Takes the rows over.
     *
     * @return whether anything changed
     * @throws IllegalArgumentException naming the first row that is no rule
     */
    boolean take(Access.Rules rows) {
        List<AclRule> rules = new ArrayList<>();
        for (Access.Rule row : rows.rules()) {
            try {
                rules.add(AclRule.of(row));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("acl_rule with rule_id " + row.ruleId() + ": " + e.getMessage());
            }
        }
        Acl next = with(rules);
        boolean changed = !next.equals(acl);
        if (changed) {
            acl = next;
            audit.admin(
                    "rules", "version " + rows.version() + ", " + next.rules().size() + " rules");
            LOG.info("access rules={} version={}", next.rules().size(), rows.version());
        }
        return changed;
    }

    void denied(Audit.Client client, String action, String topic) {
        (action.equals("publish") ? deniedPublishes : deniedSubscriptions).increment();
        audit.denied(client, action, topic);
    }
}
