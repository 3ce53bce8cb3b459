package io.tuskmq.node.session;

import io.tuskmq.node.rules.Deal;

/** A message that a group dealt to a session of this node; the session says through it what became of it. Equal only to itself. */
abstract class HeldDeal implements Deal {
    /** The session is done with it. */
    abstract void settled();

    /** It is durably the session's. */
    abstract void taken();

    /** The session can't deliver it. */
    abstract void returned();
}
