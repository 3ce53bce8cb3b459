package io.tuskmq.node.session;

import io.tuskmq.storage.Wills.DueWill;
import io.vertx.core.Future;

/** Says whether a will that lay in the store may be published now. */
public interface WillCheck {
    /** Fails as the store does. */
    Future<Boolean> mayFire(DueWill will);
}
