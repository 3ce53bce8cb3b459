package io.tuskmq.cluster.hazelcast;

import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Members that come and go, as Hazelcast sees them; those that go are told by their incarnation. */
record MemberEvents(LongConsumer removed) implements MembershipListener {
    private static final Logger LOG = LoggerFactory.getLogger(MemberEvents.class);

    @Override
    public void memberAdded(MembershipEvent event) {
        log("added", event);
    }

    @Override
    public void memberRemoved(MembershipEvent event) {
        log("removed", event);
        String incarnation = event.getMember().getAttribute(MemberConfig.INCARNATION);
        if (incarnation != null) {
            removed.accept(Long.parseLong(incarnation));
        }
    }

    private static void log(String what, MembershipEvent event) {
        Member member = event.getMember();
        LOG.info(
                "event=member.{} node={} address={} members={}",
                what,
                member.getAttribute("name"),
                member.getAddress(),
                event.getMembers().size());
    }
}
