package io.tuskmq.cluster.hazelcast;

import static io.tuskmq.cluster.TestNode.await;
import static io.tuskmq.cluster.TestNode.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.hazelcast.core.Hazelcast;
import io.tuskmq.cluster.StubLinks;
import io.tuskmq.cluster.TestNames;
import io.tuskmq.cluster.TestNode;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Members find each other by names, as the pods of a headless service of Kubernetes do: one name, an address for each, one port. */
class DiscoveryTest {
    private static final long FIRST = 70_001; // incarnations that no other test has

    private final Vertx vertx = Vertx.vertx();
    private final StubLinks.Hub hub = new StubLinks.Hub(vertx);
    private final List<TestNode> nodes = new ArrayList<>();

    @AfterEach
    void close() {
        nodes.forEach(node -> await(node.cluster.close()));
        await(vertx.close());
    }

    @Test
    void allPodsOfAServiceAreLookedForAtTheNodesOwnPort() throws UnknownHostException {
        named("pods.test.svc", "10.1.0.7", "10.1.0.8", "fd00:0:0:0:0:0:0:9");
        var addresses = new MemberConfig.Addresses(List.of("pods.test.svc"), 5701);
        assertEquals(List.of("10.1.0.7:5701", "10.1.0.8:5701", "[fd00:0:0:0:0:0:0:9]:5701"), addresses.getMembers());
    }

    @Test
    void aNameThatIsNotKnownKeepsNobodyFromTheOthers() {
        var addresses = new MemberConfig.Addresses(List.of("unknown.test.invalid", "127.0.0.1:5709"), 5701);
        assertEquals(List.of("127.0.0.1:5709"), addresses.getMembers());
        addresses.live(List.of("10.1.0.8:5702"));
        assertEquals(List.of("10.1.0.8:5702", "127.0.0.1:5709"), addresses.getMembers());
    }

    @Test
    void membersThatAreToldOfNoNodeFindEachOtherByName() throws UnknownHostException {
        named("members.test.svc", "127.0.0.1");
        TestNode first = member(List.of());
        TestNode second = member(List.of("members.test.svc:" + first.memberPort()));
        eventually("both are members", () -> membersSeenBy(first) == 2 && membersSeenBy(second) == 2);
    }

    private TestNode member(List<String> seeds) {
        var options = new HazelcastCluster.Options("127.0.0.1", 0, seeds, 1, 5);
        TestNode node = new TestNode(FIRST + nodes.size(), new HazelcastCluster(vertx, hub.links(), options));
        nodes.add(node);
        node.open();
        await(node.join(node.node()));
        return node;
    }

    private static int membersSeenBy(TestNode node) {
        return Hazelcast.getHazelcastInstanceByName("tuskmq-" + node.incarnation)
                .getCluster()
                .getMembers()
                .size();
    }

    private static void named(String name, String... addresses) throws UnknownHostException {
        List<InetAddress> all = new ArrayList<>();
        for (String address : Arrays.asList(addresses)) {
            all.add(InetAddress.getByName(address));
        }
        TestNames.put(name, all);
    }
}
