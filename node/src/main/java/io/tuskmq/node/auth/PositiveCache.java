package io.tuskmq.node.auth;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Passwords that were found right a short while ago, so that a client that comes back costs no hash again. Kept as HMAC-SHA-256 of user, stored
 * hash and password under a key that is made at the start and never leaves the process: nobody who reads the memory later finds a
 * password in it, and a changed password is another entry. From any thread.
 */
final class PositiveCache {
    private static final int ENTRIES_MAX = 10_000;
    private static final String ALGORITHM = "HmacSHA256";

    private final SecretKeySpec key;
    private final long lifeMillis;
    private final ReentrantLock lock = new ReentrantLock();
    /** Until when, in the order of their ends. */
    private final LinkedHashMap<ByteBuffer, Long> ends = new LinkedHashMap<>();

    /** @param lifeMillis 0 = nothing is kept */
    PositiveCache(long lifeMillis) {
        byte[] secret = new byte[32];
        new SecureRandom().nextBytes(secret);
        this.key = new SecretKeySpec(secret, ALGORITHM);
        this.lifeMillis = lifeMillis;
    }

    /** What stands for this password of this user as long as the stored hash is this one. */
    ByteBuffer entry(String user, String storedHash, byte[] password) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            for (String part : new String[] {user, storedHash}) {
                byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
                mac.update(
                        ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
                mac.update(bytes);
            }
            return ByteBuffer.wrap(mac.doFinal(password));
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException("every Java has it", e);
        }
    }

    boolean has(ByteBuffer entry, long nowMillis) {
        lock.lock();
        try {
            Long end = ends.get(entry);
            return end != null && nowMillis < end;
        } finally {
            lock.unlock();
        }
    }

    void put(ByteBuffer entry, long nowMillis) {
        if (lifeMillis == 0) {
            return;
        }
        lock.lock();
        try {
            ends.remove(entry); // so that it comes last
            ends.put(entry, nowMillis + lifeMillis);
            Iterator<Map.Entry<ByteBuffer, Long>> oldest = ends.entrySet().iterator();
            while (oldest.hasNext()) {
                boolean over = oldest.next().getValue() <= nowMillis;
                if (!over && ends.size() <= ENTRIES_MAX) {
                    break;
                }
                oldest.remove();
            }
        } finally {
            lock.unlock();
        }
    }

    int size() {
        lock.lock();
        try {
            return ends.size();
        } finally {
            lock.unlock();
        }
    }
}
