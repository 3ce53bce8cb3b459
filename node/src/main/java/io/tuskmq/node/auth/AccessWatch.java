package io.tuskmq.node.auth;

import io.tuskmq.storage.Access;
import io.vertx.core.Future;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks whether users or rules have changed, and lets them count on this node. One call at a time. */
public final class AccessWatch {
    /** A change counts on all nodes within a second: this and what the looking takes. */
    public static final long EVERY_MILLIS = 250;

    private static final Logger LOG = LoggerFactory.getLogger(AccessWatch.class);

    private final Access access;
    private final RuleBook book;
    private final Doorkeeper doorkeeper;
    private final Runnable rightsChanged;
    private volatile Access.Version seen = new Access.Version(-1, -1);

    /** @param rightsChanged looks at what connected clients have subscribed to */
    public AccessWatch(Access access, RuleBook book, Doorkeeper doorkeeper, Runnable rightsChanged) {
        this.access = access;
        this.book = book;
        this.doorkeeper = doorkeeper;
        this.rightsChanged = rightsChanged;
    }

    /** The first look: fails when the database has rows that are no rules. */
    public Future<Void> begin() {
        return access.version()
                .compose(version -> access.rules().compose(rows -> {
                    book.take(rows);
                    return doorkeeper
                            .usersChanged(version.users())
                            .onSuccess(compared -> seen = new Access.Version(version.users(), rows.version()));
                }));
    }

    /** Fails as the database does; then what was there counts on, and the next look makes up for it. */
    public Future<Void> look() {
        return access.version().compose(now -> users(now.users()).compose(done -> rules(now.rules())));
    }

    private Future<Void> users(long version) {
        if (version == seen.users()) {
            return Future.succeededFuture();
        }
        return doorkeeper.usersChanged(version).onSuccess(compared -> seen = new Access.Version(version, seen.rules()));
    }

    private Future<Void> rules(long version) {
        if (version == seen.rules()) {
            return Future.succeededFuture();
        }
        return access.rules()
                .onSuccess(rows -> {
                    seen = new Access.Version(seen.users(), rows.version());
                    try {
                        if (book.take(rows)) {
                            rightsChanged.run();
                        }
                    } catch (IllegalArgumentException e) {
                        LOG.error("the rules are left as they were: {}", e.getMessage());
                    }
                })
                .mapEmpty();
    }
}
