package io.tuskmq.node.auth;

import com.ongres.saslprep.SASLprep;
import com.ongres.stringprep.Profile;
import io.tuskmq.storage.Access.ScramKeys;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;

/** What SCRAM-SHA-256 computes (RFC 5802, section 3; RFC 7677). */
final class ScramSha256 {
    /** As OWASP advises for PBKDF2 with HMAC-SHA-256. The client computes them at each login, the broker only when a password is set. */
    static final int ITERATIONS = 600_000;

    static final int SALT_BYTES = 16;
    private static final int KEY_BITS = 256;
    private static final int NONCE_BYTES = 18;
    private static final String HMAC = "HmacSHA256";
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Profile SASLPREP = new SASLprep();

    private ScramSha256() {}

    /** Of a new password, with a new salt. Takes some hundred milliseconds: never on an event loop. */
    static ScramKeys keys(byte[] password) {
        byte[] salt = new byte[SALT_BYTES];
        RANDOM.nextBytes(salt);
        return keys(new String(password, StandardCharsets.UTF_8), salt, ITERATIONS);
    }

    static ScramKeys keys(String password, byte[] salt, int iterations) {
        byte[] salted = salted(prepared(password), salt, iterations);
        return new ScramKeys(salt, iterations, hash(hmac(salted, "Client Key")), hmac(salted, "Server Key"));
    }

    /** By SASLprep (RFC 4013) where it allows the password, else as it is: PostgreSQL's rule. */
    static char[] prepared(String password) {
        try {
            return SASLPREP.prepareStored(password.toCharArray());
        } catch (IllegalArgumentException | IndexOutOfBoundsException _) { // the second where nothing would be left
            return password.toCharArray();
        }
    }

    static byte[] salted(char[] password, byte[] salt, int iterations) {
        try {
            PBEKeySpec spec = new PBEKeySpec(password, salt, iterations, KEY_BITS);
            byte[] salted = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                    .generateSecret(spec)
                    .getEncoded();
            spec.clearPassword();
            return salted;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has it", e);
        }
    }

    /** What a name without keys is answered by: always the same, and not to be told from what others have. No proof fits it. */
    static ScramKeys madeUp(byte[] secret, String name) {
        return new ScramKeys(
                Arrays.copyOf(hmac(secret, "salt " + name), SALT_BYTES),
                ITERATIONS,
                hmac(secret, "stored " + name),
                hmac(secret, "server " + name));
    }

    /** Whether the proof was made with the key that the stored one is the hash of. */
    static boolean isProof(byte[] proof, ScramKeys keys, String authMessage) {
        byte[] signature = hmac(keys.storedKey(), authMessage);
        byte[] clientKey = new byte[signature.length];
        for (int i = 0; i < clientKey.length; i++) {
            clientKey[i] = (byte) (signature[i] ^ proof[i]);
        }
        return MessageDigest.isEqual(hash(clientKey), keys.storedKey());
    }

    static byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance(HMAC);
            mac.init(new SecretKeySpec(key, HMAC));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has it", e);
        }
    }

    static byte[] hash(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has it", e);
        }
    }

    /** The broker's part of a nonce. */
    static String nonce() {
        byte[] bytes = new byte[NONCE_BYTES];
        RANDOM.nextBytes(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }
}
