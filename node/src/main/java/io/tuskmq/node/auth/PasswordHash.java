package io.tuskmq.node.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/**
 * Argon2id (RFC 9106) in PHC's form, {@code $argon2id$v=19$m=…,t=…,p=…$salt$hash}. New ones take what OWASP asks for: 19 MiB, two passes.
 * Each takes some tens of milliseconds: never on an event loop.
 */
final class PasswordHash {
    private static final Pattern FORM = Pattern.compile(
            "\\$argon2id\\$v=19\\$m=([0-9]{1,7}),t=([0-9]{1,3}),p=([0-9]{1,2})\\$([A-Za-z0-9+/]{11,86})\\$([A-Za-z0-9+/]{22,86})");
    private static final int MEMORY_KIB = 19_456;
    private static final int PASSES = 2;
    private static final int LANES = 1;
    private static final int SALT_BYTES = 16;
    private static final int HASH_BYTES = 32;
    /** What a stored hash may ask of this process: a row must not be able to stop it. */
    private static final int MEMORY_KIB_MAX = 262_144;

    private static final int PASSES_MAX = 20;
    private static final int LANES_MAX = 16;
    /** A dearer one at each step lets everyone wait; nobody types more. */
    static final int PASSWORD_BYTES_MAX = 1_024;

    private static final SecureRandom RANDOM = new SecureRandom();

    private PasswordHash() {}

    private record Parts(int memoryKib, int passes, int lanes, byte[] salt, byte[] hash) {}

    /** With a new salt. */
    static String of(byte[] password) {
        byte[] salt = new byte[SALT_BYTES];
        RANDOM.nextBytes(salt);
        Parts parts = new Parts(MEMORY_KIB, PASSES, LANES, salt, new byte[HASH_BYTES]);
        Base64.Encoder encoder = Base64.getEncoder().withoutPadding();
        return "$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s"
                .formatted(
                        MEMORY_KIB,
                        PASSES,
                        LANES,
                        encoder.encodeToString(salt),
                        encoder.encodeToString(compute(parts, password)));
    }

    /** Of a password that nobody has: comparing with it takes as long as comparing with another one. */
    static String ofNobody() {
        byte[] password = new byte[HASH_BYTES];
        RANDOM.nextBytes(password);
        return of(password);
    }

    /** False also for what is no hash, or asks for more than this process gives. */
    static boolean matches(String stored, byte[] password) {
        Optional<Parts> parts = parse(stored);
        return parts.isPresent()
                && password.length <= PASSWORD_BYTES_MAX
                && MessageDigest.isEqual(parts.get().hash(), compute(parts.get(), password));
    }

    private static Optional<Parts> parse(String stored) {
        Matcher form = FORM.matcher(stored);
        if (!form.matches()) {
            return Optional.empty();
        }
        int memory = Integer.parseInt(form.group(1));
        int passes = Integer.parseInt(form.group(2));
        int lanes = Integer.parseInt(form.group(3));
        boolean sane = lanes >= 1
                && lanes <= LANES_MAX
                && passes >= 1
                && passes <= PASSES_MAX
                && memory >= 8 * lanes
                && memory <= MEMORY_KIB_MAX;
        try {
            return sane
                    ? Optional.of(new Parts(memory, passes, lanes, bytes(form.group(4)), bytes(form.group(5))))
                    : Optional.empty();
        } catch (IllegalArgumentException _) {
            return Optional.empty(); // not base64 after all
        }
    }

    private static byte[] bytes(String base64) {
        return Base64.getDecoder().decode(base64.getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] compute(Parts parts, byte[] password) {
        Argon2BytesGenerator argon2 = new Argon2BytesGenerator();
        argon2.init(new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
                .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                .withMemoryAsKB(parts.memoryKib())
                .withIterations(parts.passes())
                .withParallelism(parts.lanes())
                .withSalt(parts.salt())
                .build());
        byte[] hash = new byte[parts.hash().length];
        argon2.generateBytes(password, hash);
        return hash;
    }
}
