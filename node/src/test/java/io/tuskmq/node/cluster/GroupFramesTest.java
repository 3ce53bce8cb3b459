package io.tuskmq.node.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tuskmq.node.session.GroupFrame;
import io.tuskmq.storage.Message;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What nodes say about members of groups, in bytes and back. */
final class GroupFramesTest {
    private static GroupFrame there(GroupFrame frame) {
        return ((Frames.OfGroup) Frames.told(Frames.ofGroup(frame))).frame();
    }

    @Test
    void framesArriveAsTheyWereSaid() {
        List<GroupFrame> frames = new ArrayList<>();
        frames.add(new GroupFrame.Over(Long.MAX_VALUE));
        for (GroupFrame.Outcome.What what : GroupFrame.Outcome.What.values()) {
            frames.add(new GroupFrame.Outcome(3, 4, what));
        }
        for (GroupFrame.Parting.How how : GroupFrame.Parting.How.values()) {
            frames.add(new GroupFrame.Parting(5, how));
        }
        frames.add(new GroupFrame.Join(6, "g", "a/\u00e4/#", GroupFrame.Join.EXPECTED, true, 65_535));
        frames.add(new GroupFrame.Join(7, "g", "t", 2, false, 1));
        for (GroupFrame frame : frames) {
            assertEquals(frame, there(frame));
        }
    }

    @Test
    void aDealKeepsItsMessage() {
        Message message = Message.of("t", "payload".getBytes(StandardCharsets.UTF_8), 2, true);
        var dealt = (GroupFrame.Dealt) there(new GroupFrame.Dealt(1, 2, 3, 4, 5, 6, message));
        assertEquals(
                List.of(1L, 2L, 3L, 4L, 5L, 6L),
                List.of(
                        dealt.join(),
                        dealt.deal(),
                        dealt.groupId(),
                        dealt.groupEpoch(),
                        dealt.logId(),
                        dealt.filterId()));
        assertEquals("t", dealt.message().topic());
        assertEquals("payload", new String(dealt.message().payload(), StandardCharsets.UTF_8));
    }

    @Test
    void anUnknownKindIsRefused() {
        Buffer frame = Frames.ofGroup(new GroupFrame.Over(1)).setByte(1, (byte) 99);
        assertThrows(IllegalArgumentException.class, () -> Frames.told(frame));
    }
}
