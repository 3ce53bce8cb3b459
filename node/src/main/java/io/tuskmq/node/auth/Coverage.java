package io.tuskmq.node.auth;

/** How much of what a topic filter matches is allowed. */
enum Coverage {
    ALL,
    SOME,
    NONE
}
