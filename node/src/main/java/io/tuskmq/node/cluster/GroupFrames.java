package io.tuskmq.node.cluster;

import io.tuskmq.node.session.GroupFrame;
import io.tuskmq.node.session.GroupFrame.Outcome.What;
import io.tuskmq.node.session.GroupFrame.Parting.How;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;

/** {@link GroupFrame}s in bytes, behind the byte that tells them from other {@link Frames}; big-endian. */
final class GroupFrames {
    private static final byte DEALT = 1;
    private static final byte OVER = 2;
    private static final byte OUTCOME = 3;
    private static final byte PARTING = 4;
    private static final byte JOIN = 5;

    private GroupFrames() {}

    static Buffer encode(byte first, GroupFrame frame) {
        Buffer out = Buffer.buffer().appendByte(first);
        switch (frame) {
            case GroupFrame.Dealt d ->
                out.appendByte(DEALT)
                        .appendLong(d.join())
                        .appendLong(d.deal())
                        .appendLong(d.groupId())
                        .appendLong(d.groupEpoch())
                        .appendLong(d.logId())
                        .appendLong(d.filterId())
                        .appendBuffer(Frames.encode(d.message()));
            case GroupFrame.Over o -> out.appendByte(OVER).appendLong(o.join());
            case GroupFrame.Outcome o ->
                out.appendByte(OUTCOME)
                        .appendLong(o.join())
                        .appendLong(o.deal())
                        .appendByte(code(o.what()));
            case GroupFrame.Parting p ->
                out.appendByte(PARTING).appendLong(p.join()).appendByte(code(p.how()));
            case GroupFrame.Join j ->
                out.appendByte(JOIN)
                        .appendLong(j.join())
                        .appendByte((byte) j.qos())
                        .appendByte((byte) (j.stored() ? 1 : 0))
                        .appendInt(j.receiveMax())
                        .appendBuffer(text(j.share()))
                        .appendBuffer(text(j.filter()));
        }
        return out;
    }

    private static Buffer text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Buffer.buffer(bytes.length + Integer.BYTES)
                .appendInt(bytes.length)
                .appendBytes(bytes);
    }

    /** @throws IllegalArgumentException when it is none of ours */
    static GroupFrame decode(Buffer frame, int at) {
        var in = new Frames.Reader(frame, at + 1);
        long join = in.int64();
        return switch (frame.getByte(at)) {
            case DEALT ->
                new GroupFrame.Dealt(join, in.int64(), in.int64(), in.int64(), in.int64(), in.int64(), in.message());
            case OVER -> new GroupFrame.Over(join);
            case OUTCOME -> new GroupFrame.Outcome(join, in.int64(), what(in.int8()));
            case PARTING -> new GroupFrame.Parting(join, how(in.int8()));
            case JOIN -> {
                int qos = in.int8();
                boolean stored = in.int8() != 0;
                int receiveMax = in.int32();
                yield new GroupFrame.Join(join, in.text(), in.text(), qos, stored, receiveMax);
            }
            default -> throw new IllegalArgumentException("a group's frame of unknown kind " + frame.getByte(at));
        };
    }

    private static byte code(What what) {
        return switch (what) {
            case SETTLED -> 0;
            case TAKEN -> 1;
            case RETURNED -> 2;
        };
    }

    private static What what(int code) {
        return switch (code) {
            case 0 -> What.SETTLED;
            case 1 -> What.TAKEN;
            case 2 -> What.RETURNED;
            default -> throw new IllegalArgumentException("an outcome of unknown kind " + code);
        };
    }

    private static byte code(How how) {
        return switch (how) {
            case LEFT -> 0;
            case GONE -> 1;
            case FINISHED -> 2;
            case LOST -> 3;
        };
    }

    private static How how(int code) {
        return switch (code) {
            case 0 -> How.LEFT;
            case 1 -> How.GONE;
            case 2 -> How.FINISHED;
            case 3 -> How.LOST;
            default -> throw new IllegalArgumentException("a parting of unknown kind " + code);
        };
    }
}
