package io.tuskmq.node.auth;

import java.util.Locale;

/** What a client wants to do with a topic. */
enum Action {
    PUBLISH,
    /** To publish with RETAIN; PUBLISH is needed too. */
    RETAIN,
    SUBSCRIBE,
    /** To subscribe as a member of a group; SUBSCRIBE is needed too. */
    SHARED;

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
