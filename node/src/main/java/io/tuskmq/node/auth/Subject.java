package io.tuskmq.node.auth;

/**
 * Whom rules are asked about.
 *
 * @param principal {@link Login#ANONYMOUS} for whoever has proved nothing, whatever it calls itself
 * @param address {@link Address#UNKNOWN} when nobody knows it any more: of a will of a connection that is gone
 */
record Subject(String principal, String clientId, Address address) {
    boolean isAnonymous() {
        return principal.equals(Login.ANONYMOUS);
    }
}
