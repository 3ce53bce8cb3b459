package io.tuskmq.cluster.links;

import io.tuskmq.cluster.Peer;
import io.tuskmq.cluster.links.Frame.BadFrame;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * How both ends of a connection prove that they know the cluster's secret, and say who they are.
 *
 * <pre>
 * dialling end                                  listening end
 *   HELLO      version, nonce, whom it wants, who it is  ─▶
 *   ◀─ CHALLENGE  nonce, incarnation, HMAC("listens", HELLO, nonce, incarnation)
 *   PROOF      HMAC("dials", HELLO, CHALLENGE)           ─▶
 *   ◀─ READY
 * </pre>
 *
 * The words "listens" and "dials" keep a proof from being sent back to the one who made it. Everything that was said is under the proofs; what is
 * said later is not: against somebody who can change bytes on the way there is TLS.
 */
final class Handshake {
    /** What both ends must speak alike. */
    static final int VERSION = 2;

    /** Largest frame taken from somebody who has proved nothing yet. */
    static final int FRAME_BYTES_MAX = 1_024;

    /** Of a node's name, and of its host: with both a HELLO stays below {@link #FRAME_BYTES_MAX}. */
    static final int NAME_BYTES_MAX = 255;

    static final int NONCE_BYTES = 32;
    private static final int MAC_BYTES = 32;
    private static final int MAGIC = 0x5455534b; // "TUSK"
    private static final String MAC = "HmacSHA256";
    private static final byte[] LISTENS = "tuskmq listens".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DIALS = "tuskmq dials".getBytes(StandardCharsets.US_ASCII);
    private static final SecureRandom RANDOM = new SecureRandom();

    private Handshake() {}

    /** The first frame: whom the dialling end wants, and who it is. */
    record Hello(int version, long wanted, Peer from, Buffer bytes) {}

    /** The listening end's answer: who it is, and its proof. */
    record Challenge(long incarnation, Buffer bytes) {}

    static Buffer hello(Peer self, long wanted) {
        Buffer bytes = Buffer.buffer(FRAME_BYTES_MAX)
                .appendInt(MAGIC)
                .appendUnsignedShort(VERSION)
                .appendBytes(nonce())
                .appendLong(wanted)
                .appendLong(self.incarnation())
                .appendUnsignedShort(self.port());
        append(bytes, self.name());
        append(bytes, self.host());
        return bytes;
    }

    static Hello readHello(Buffer bytes) throws BadFrame {
        try {
            if (bytes.getInt(0) != MAGIC) {
                throw new BadFrame("not one of us");
            }
            int at = Integer.BYTES;
            int version = bytes.getUnsignedShort(at);
            if (version != VERSION) {
                // Its HELLO may look different: nothing more is read of it.
                return new Hello(version, 0, new Peer(0, "", "", 0), bytes);
            }
            at += Short.BYTES + NONCE_BYTES;
            long wanted = bytes.getLong(at);
            long incarnation = bytes.getLong(at + Long.BYTES);
            int port = bytes.getUnsignedShort(at + 2 * Long.BYTES);
            at += 2 * Long.BYTES + Short.BYTES;
            String name = string(bytes, at);
            at += Short.BYTES + bytes.getUnsignedShort(at);
            String host = string(bytes, at);
            return new Hello(version, wanted, new Peer(incarnation, name, host, port), bytes);
        } catch (IndexOutOfBoundsException e) {
            throw new BadFrame("a HELLO that ends too soon");
        }
    }

    static Buffer challenge(byte[] secret, Hello hello, long incarnation) {
        Buffer bytes = Buffer.buffer().appendBytes(nonce()).appendLong(incarnation);
        return bytes.appendBytes(mac(secret, LISTENS, hello.bytes(), bytes.copy()));
    }

    /** Reads the answer to our HELLO. Fails when the listening end does not know the secret. */
    static Challenge readChallenge(byte[] secret, Buffer hello, Buffer bytes) throws BadFrame {
        int proofAt = NONCE_BYTES + Long.BYTES;
        if (bytes.length() != proofAt + MAC_BYTES) {
            throw new BadFrame("a CHALLENGE of the wrong length");
        }
        byte[] expected = mac(secret, LISTENS, hello, bytes.getBuffer(0, proofAt));
        if (!MessageDigest.isEqual(expected, bytes.getBytes(proofAt, bytes.length()))) {
            throw new BadFrame("it does not know the cluster's secret");
        }
        return new Challenge(bytes.getLong(NONCE_BYTES), bytes);
    }

    static Buffer proof(byte[] secret, Buffer hello, Buffer challenge) {
        return Buffer.buffer(mac(secret, DIALS, hello, challenge));
    }

    static boolean proves(byte[] secret, Buffer hello, Buffer challenge, Buffer proof) {
        return MessageDigest.isEqual(mac(secret, DIALS, hello, challenge), proof.getBytes());
    }

    static void check(Peer self, byte[] secret) {
        if (secret.length == 0) {
            throw new IllegalArgumentException("an empty secret");
        }
        if (utf8(self.name()).length > NAME_BYTES_MAX || utf8(self.host()).length > NAME_BYTES_MAX) {
            throw new IllegalArgumentException("a name or host of more than " + NAME_BYTES_MAX + " bytes");
        }
    }

    private static byte[] mac(byte[] secret, byte[] role, Buffer first, Buffer second) {
        try {
            Mac mac = Mac.getInstance(MAC);
            mac.init(new SecretKeySpec(secret, MAC));
            mac.update(role);
            // With its length: where the first ends is under the proof too.
            mac.update(Buffer.buffer().appendInt(first.length()).getBytes());
            mac.update(first.getBytes());
            mac.update(second.getBytes());
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has " + MAC, e);
        }
    }

    private static byte[] nonce() {
        byte[] nonce = new byte[NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        return nonce;
    }

    private static void append(Buffer bytes, String text) {
        byte[] utf8 = utf8(text);
        bytes.appendUnsignedShort(utf8.length).appendBytes(utf8);
    }

    private static String string(Buffer bytes, int at) {
        int length = bytes.getUnsignedShort(at);
        return bytes.getString(at + Short.BYTES, at + Short.BYTES + length);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
