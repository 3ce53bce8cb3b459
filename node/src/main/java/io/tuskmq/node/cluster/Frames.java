package io.tuskmq.node.cluster;

import io.tuskmq.node.rules.Claimant;
import io.tuskmq.node.rules.IdDoubts;
import io.tuskmq.node.session.ClientIds;
import io.tuskmq.node.session.GroupFrame;
import io.tuskmq.storage.Message;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What nodes tell and ask each other, in bytes; big-endian. All nodes of a cluster run the same major version: the links' handshake checks
 * that.
 */
final class Frames {
    /** A message for subscribers that are served at once. */
    record Direct(Message message) implements Told {}

    /** Committed messages of a lane, all that the receiver wants of it between what it was told last and the head. */
    record Lane(int lane, long after, long head, List<Row> rows) implements Told {}

    /** How the sender fares: whether it takes no other node for dead (it misses the database, or did just now), and whether it has clients that Hazelcast's map doesn't show. */
    record Health(boolean sparesOthers, IdDoubts.Word ids) implements Told {}

    /** Something about a member of a group. */
    record OfGroup(GroupFrame frame) implements Told, Asked {}

    /** What is told: no answer. */
    sealed interface Told {}

    /** A committed message and its id. */
    record Row(long id, Message message) {}

    /**
     * Asks for all connections of the client id with a lower number to be ended that the principal may end; answered when they have left nothing
     * behind, or when there is one with a higher number or of another user.
     */
    record LetGo(Claimant newer, long number, IdDoubts.Word ids) implements Asked {}

    /**
     * The answer to it.
     *
     * @param unanswered who may have an older connection of the id, and has not answered the sender yet
     */
    record LetGoAnswer(ClientIds.Answer answer, Set<Long> unanswered) {}

    /** Asks whether the receiver counts the sender among the live nodes: else there is no answer. */
    record Alive() implements Asked {}

    /** Wills of these clients are about to be published; answered (with nothing) when their return waits for {@link WillsOver}. */
    record WillsComing(long sweep, List<String> clientIds) implements Asked {}

    /** Answered (with nothing) when all that was told before is handled. */
    record WillsPassed() implements Asked {}

    /** The clients of the sweep may go on. */
    record WillsOver(long sweep) implements Asked {}

    /** What is asked. */
    sealed interface Asked {}

    private static final byte DIRECT = 1;
    private static final byte LANE = 2;
    private static final byte HEALTH = 3;
    private static final byte LET_GO = 4;
    private static final byte GROUP = 5;
    private static final byte WILLS_COMING = 6;
    private static final byte WILLS_PASSED = 7;
    private static final byte WILLS_OVER = 8;
    private static final byte ALIVE = 9;
    private static final int LANE_HEADER = 1 + Integer.BYTES + 2 * Long.BYTES;

    private Frames() {}

    static Buffer direct(Message message) {
        return Buffer.buffer(message.bytes() + 32).appendByte(DIRECT).appendBuffer(encode(message));
    }

    /** The rows were encoded by {@link #row}. */
    static Buffer lane(int lane, long after, long head, Buffer rows) {
        return Buffer.buffer(LANE_HEADER + rows.length())
                .appendByte(LANE)
                .appendInt(lane)
                .appendLong(after)
                .appendLong(head)
                .appendBuffer(rows);
    }

    static Buffer row(long id, Message message) {
        return Buffer.buffer(message.bytes() + 40).appendLong(id).appendBuffer(encode(message));
    }

    static Buffer health(Health health) {
        return Buffer.buffer(2 + 2 * Long.BYTES)
                .appendByte(HEALTH)
                .appendByte((byte) (health.sparesOthers() ? 1 : 0))
                .appendLong(health.ids().begun())
                .appendLong(health.ids().settled());
    }

    static Buffer letGo(LetGo request) {
        return Buffer.buffer()
                .appendByte(LET_GO)
                .appendLong(request.number())
                .appendLong(request.ids().begun())
                .appendLong(request.ids().settled())
                .appendBuffer(text(request.newer().clientId()))
                .appendBuffer(text(request.newer().principal()));
    }

    private static Buffer text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Buffer.buffer(Integer.BYTES + bytes.length)
                .appendInt(bytes.length)
                .appendBytes(bytes);
    }

    /** All lower ones. */
    static Buffer letGoAnswer(LetGoAnswer answer) {
        Buffer buffer = Buffer.buffer().appendByte((byte)
                switch (answer.answer()) {
                    case NEWER -> 1;
                    case ANOTHERS -> 2;
                    case LET_GO, NO_LEASE -> 0;
                });
        answer.unanswered().forEach(buffer::appendLong);
        return buffer;
    }

    static LetGoAnswer letGoAnswer(Buffer body) {
        Set<Long> unanswered = new TreeSet<>();
        for (int at = 1; at < body.length(); at += Long.BYTES) {
            unanswered.add(body.getLong(at));
        }
        ClientIds.Answer answer = switch (body.getByte(0)) {
            case 0 -> ClientIds.Answer.LET_GO;
            case 1 -> ClientIds.Answer.NEWER;
            case 2 -> ClientIds.Answer.ANOTHERS;
            default -> throw new IllegalArgumentException("an answer of unknown kind " + body.getByte(0));
        };
        return new LetGoAnswer(answer, unanswered);
    }

    static LetGo below(Claimant newer, long number) {
        return new LetGo(newer, number, IdDoubts.Word.NONE);
    }

    static Buffer alive() {
        return Buffer.buffer(1).appendByte(ALIVE);
    }

    static Buffer willsComing(WillsComing wills) {
        Buffer frame = Buffer.buffer().appendByte(WILLS_COMING).appendLong(wills.sweep());
        for (String clientId : wills.clientIds()) {
            frame.appendBuffer(text(clientId));
        }
        return frame;
    }

    static Buffer willsPassed() {
        return Buffer.buffer(1).appendByte(WILLS_PASSED);
    }

    static Buffer willsOver(WillsOver wills) {
        return Buffer.buffer(1 + Long.BYTES).appendByte(WILLS_OVER).appendLong(wills.sweep());
    }

    static Buffer ofGroup(GroupFrame frame) {
        return GroupFrames.encode(GROUP, frame);
    }

    /** @throws IllegalArgumentException when it is none of ours */
    static Told told(Buffer frame) {
        return switch (frame.getByte(0)) {
            case DIRECT -> new Direct(new Reader(frame, 1).message());
            case LANE -> {
                Reader in = new Reader(frame, 1);
                yield new Lane(in.int32(), in.int64(), in.int64(), in.rows());
            }
            case HEALTH -> {
                Reader in = new Reader(frame, 1);
                yield new Health(in.int8() != 0, in.word());
            }
            case GROUP -> new OfGroup(GroupFrames.decode(frame, 1));
            default -> throw new IllegalArgumentException("a frame of unknown kind " + frame.getByte(0));
        };
    }

    /** @throws IllegalArgumentException when it is none of ours */
    static Asked asked(Buffer frame) {
        return switch (frame.getByte(0)) {
            case LET_GO -> {
                Reader in = new Reader(frame, 1);
                long number = in.int64();
                IdDoubts.Word ids = in.word();
                yield new LetGo(new Claimant(in.text(), in.text()), number, ids);
            }
            case ALIVE -> new Alive();
            case GROUP -> new OfGroup(GroupFrames.decode(frame, 1));
            case WILLS_COMING -> {
                Reader in = new Reader(frame, 1);
                yield new WillsComing(in.int64(), in.texts());
            }
            case WILLS_PASSED -> new WillsPassed();
            case WILLS_OVER -> new WillsOver(frame.getLong(1));
            default -> throw new IllegalArgumentException("a question of unknown kind " + frame.getByte(0));
        };
    }

    /** A publisher without a stored session is numbered by its own node: to others it is nobody (no-local can't concern them). */
    static Buffer encode(Message message) {
        byte[] topic = message.topic().getBytes(StandardCharsets.UTF_8);
        return Buffer.buffer(topic.length + message.payload().length + message.properties().length + 32)
                .appendByte((byte) (message.qos() | (message.retain() ? 4 : 0)))
                .appendLong(message.expiresAtMillis())
                .appendLong(Math.max(0, message.publisher()))
                .appendUnsignedShort(topic.length)
                .appendBytes(topic)
                .appendInt(message.properties().length)
                .appendBytes(message.properties())
                .appendInt(message.payload().length)
                .appendBytes(message.payload());
    }

    /** Reads a frame from front to back. */
    static final class Reader {
        private final Buffer in;
        private int at;

        Reader(Buffer in, int at) {
            this.in = in;
            this.at = at;
        }

        int int8() {
            return in.getByte(at++);
        }

        String text() {
            return new String(bytes(int32()), StandardCharsets.UTF_8);
        }

        int int32() {
            at += Integer.BYTES;
            return in.getInt(at - Integer.BYTES);
        }

        long int64() {
            at += Long.BYTES;
            return in.getLong(at - Long.BYTES);
        }

        IdDoubts.Word word() {
            return new IdDoubts.Word(int64(), int64());
        }

        private byte[] bytes(int length) {
            at += length;
            return in.getBytes(at - length, at);
        }

        List<String> texts() {
            List<String> texts = new ArrayList<>();
            while (at < in.length()) {
                texts.add(text());
            }
            return texts;
        }

        List<Row> rows() {
            List<Row> rows = new ArrayList<>();
            while (at < in.length()) {
                rows.add(new Row(int64(), message()));
            }
            return rows;
        }

        Message message() {
            byte flags = in.getByte(at++);
            long expiresAt = int64();
            long publisher = int64();
            at += Short.BYTES;
            String topic = new String(bytes(in.getUnsignedShort(at - Short.BYTES)), StandardCharsets.UTF_8);
            byte[] properties = bytes(int32());
            byte[] payload = bytes(int32());
            return new Message(topic, payload, flags & 3, (flags & 4) != 0, properties, expiresAt, publisher);
        }
    }
}
