package io.tuskmq.node.auth;

import io.tuskmq.node.session.WillCheck;
import io.tuskmq.storage.Access;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.Wills.DueWill;
import io.vertx.core.Future;
import java.util.List;

/**
 * Whether wills that were stored may still be published: those of stored sessions, by the rules for the session's principal. The will of a clean
 * session that outlived its node was looked at when it came, and nobody knows any more whose it is.
 */
public final class StoredWills implements WillCheck {
    private final RuleBook book;
    private final Access access;

    public StoredWills(RuleBook book, Access access) {
        this.book = book;
        this.access = access;
    }

    @Override
    public Future<Boolean> mayFire(DueWill will) {
        long session = will.message().publisher();
        if (book.acl().isOpen() || session == 0) {
            return Future.succeededFuture(true);
        }
        return access.principalOf(session).map(principal -> principal.isEmpty() || isAllowed(will, principal.get()));
    }

    private boolean isAllowed(DueWill will, String principal) {
        Subject subject = new Subject(principal, will.clientId(), Address.UNKNOWN);
        Message message = will.message();
        boolean may = book.acl().of(subject, List.of()).mayPublish(message.topic(), message.qos(), message.retain());
        if (!may) {
            book.denied(new Audit.Client(will.clientId(), principal, Address.UNKNOWN), "publish", message.topic());
        }
        return may;
    }
}
