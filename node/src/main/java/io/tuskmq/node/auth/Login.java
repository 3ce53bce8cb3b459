package io.tuskmq.node.auth;

import java.util.List;
import java.util.OptionalLong;

/**
 * Who a client was found to be.
 *
 * @param by the authenticator's name; {@link #ANONYMOUS} when nobody has proved anything
 * @param rules its own, after those that are for all
 * @param expiresAtMillis when the connection ends at the latest
 * @param stamp of the user's password; 0 when it was not by one
 */
public record Login(String principal, String by, List<AclRule> rules, OptionalLong expiresAtMillis, long stamp) {
    /** The principal of whoever shows nothing; nobody else may have it. */
    public static final String ANONYMOUS = "anonymous";

    static final Login NOBODY = of(ANONYMOUS, ANONYMOUS);

    private static final int PRINCIPAL_CHARS_MAX = 256;

    static Login of(String principal, String by) {
        return new Login(principal, by, List.of(), OptionalLong.empty(), 0);
    }

    /** Whether somebody may be called that: what stands for nobody, or for the broker's own sessions, is no name. */
    static boolean isPrincipal(String name) {
        return !name.isEmpty()
                && name.length() <= PRINCIPAL_CHARS_MAX
                && !name.equals(ANONYMOUS)
                && name.charAt(0) != '$'
                && name.chars().noneMatch(Character::isISOControl);
    }

    boolean isProved() {
        return !by.equals(ANONYMOUS);
    }
}
