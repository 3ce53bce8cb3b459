package io.tuskmq.cluster.hazelcast;

import com.hazelcast.config.Config;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MergePolicyConfig;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.config.RingbufferConfig;
import com.hazelcast.config.TcpIpConfig;
import com.hazelcast.spi.merge.DiscardMergePolicy;
import com.hazelcast.spi.merge.PutIfAbsentMergePolicy;
import io.tuskmq.cluster.Peer;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How Hazelcast is set up: what of it is used, where members are looked for, and everything else switched off. */
final class MemberConfig {
    static final String INCARNATION = "incarnation";
    static final String ROUTES = "tuskmq-routes-";

    private static final int JOURNAL_BATCHES = 10_000;
    private static final int JOURNAL_SECONDS = 60;
    private static final int MERGE_BATCH = 100;

    private MemberConfig() {}

    static Config of(HazelcastCluster.Options options, Peer self, int port, byte[] secret, Addresses addresses) {
        Config config = new Config();
        config.setClusterName(clusterName(secret));
        config.setInstanceName("tuskmq-" + self.incarnation());
        config.setClassLoader(MemberConfig.class.getClassLoader());
        config.getMemberAttributeConfig().setAttribute(INCARNATION, Long.toString(self.incarnation()));
        config.getMemberAttributeConfig().setAttribute("name", self.name());
        network(config.getNetworkConfig(), options, port, addresses);
        properties(config, options);
        config.getJetConfig().setEnabled(false);
        config.getMetricsConfig().setEnabled(false);
        config.getSerializationConfig().addDataSerializableFactory(MapChange.FACTORY, MapChange.factory());
        config.addRingBufferConfig(new RingbufferConfig(ROUTES + "*")
                .setCapacity(JOURNAL_BATCHES)
                .setTimeToLiveSeconds(JOURNAL_SECONDS)
                .setInMemoryFormat(InMemoryFormat.BINARY)
                .setBackupCount(1)
                .setMergePolicyConfig(new MergePolicyConfig(DiscardMergePolicy.class.getName(), MERGE_BATCH)));
        config.addMapConfig(map(ClientIds.CLIENTS, HigherNumber.class));
        config.addMapConfig(map(ClientIds.GROUPS, PutIfAbsentMergePolicy.class));
        return config;
    }

    private static MapConfig map(String name, Class<?> mergePolicy) {
        return new MapConfig(name)
                .setBackupCount(1)
                .setInMemoryFormat(InMemoryFormat.BINARY)
                .setStatisticsEnabled(false)
                .setMergePolicyConfig(new MergePolicyConfig(mergePolicy.getName(), MERGE_BATCH));
    }

    private static void network(
            NetworkConfig network, HazelcastCluster.Options options, int port, Addresses addresses) {
        network.setPort(port).setPortAutoIncrement(false);
        network.setPublicAddress(Addresses.hostAndPort(options.host(), port));
        // Only addresses may stand here, no names.
        network.getInterfaces().setEnabled(true).addInterface(Addresses.addressOf(options.host()));
        JoinConfig join = network.getJoin();
        join.getAutoDetectionConfig().setEnabled(false);
        join.getMulticastConfig().setEnabled(false);
        join.setTcpIpConfig(addresses.setEnabled(true).setConnectionTimeoutSeconds(3));
    }

    private static void properties(Config config, HazelcastCluster.Options options) {
        config.setProperty("hazelcast.logging.type", "slf4j");
        config.setProperty("hazelcast.logging.emoji.enabled", "false");
        config.setProperty("hazelcast.shutdownhook.enabled", "false");
        config.setProperty("hazelcast.phone.home.enabled", "false");
        config.setProperty("hazelcast.health.monitoring.level", "OFF");
        config.setProperty("hazelcast.slow.operation.detector.enabled", "false");
        config.setProperty("hazelcast.socket.bind.any", "false");
        config.setProperty("hazelcast.heartbeat.interval.seconds", Integer.toString(options.heartbeatSeconds()));
        config.setProperty("hazelcast.max.no.heartbeat.seconds", Integer.toString(options.silenceSeconds()));
        config.setProperty("hazelcast.merge.first.run.delay.seconds", "5");
        config.setProperty("hazelcast.merge.next.run.delay.seconds", "5");
        config.setProperty("hazelcast.wait.seconds.before.join", "0");
        config.setProperty("hazelcast.max.join.seconds", "60");
        // Fewer partitions start sooner; there are a ring buffer for each node and two maps of small entries.
        config.setProperty("hazelcast.partition.count", "71");
        config.setProperty("hazelcast.io.thread.count", "1");
        config.setProperty("hazelcast.event.thread.count", "1");
        // What meets a partition that moves is tried again sooner than in half a second, which is all the time a client
        // id has.
        config.setProperty("hazelcast.invocation.retry.pause.millis", "100");
        config.setProperty("hazelcast.operation.call.timeout.millis", "5000");
        config.setProperty("hazelcast.operation.backup.timeout.millis", "1000");
        config.setProperty("hazelcast.graceful.shutdown.max.wait", "5");
    }

    /** Members with another name refuse each other: a cluster is known by its secret, which the name doesn't tell. */
    static String clusterName(byte[] secret) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update("tuskmq hazelcast cluster name".getBytes(StandardCharsets.UTF_8));
            return "tuskmq-" + HexFormat.of().formatHex(digest.digest(secret), 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    /**
     * Where members are looked for, read anew each time Hazelcast looks: the seeds, and what the live nodes' rows say. Names are resolved here,
     * all their addresses (a headless service of Kubernetes is a name with one address for each pod): Hazelcast would keep only those of its
     * own interface.
     */
    static final class Addresses extends TcpIpConfig {
        private static final Logger LOG = LoggerFactory.getLogger(Addresses.class);
        private final List<String> seeds;
        private final int defaultPort;
        private volatile Set<String> live = Set.of();

        Addresses(List<String> seeds, int defaultPort) {
            this.seeds = List.copyOf(seeds);
            this.defaultPort = defaultPort;
        }

        void live(Collection<String> addresses) {
            live = Set.copyOf(addresses);
        }

        @Override
        public Addresses setEnabled(boolean enabled) {
            super.setEnabled(enabled);
            return this;
        }

        @Override
        public List<String> getMembers() {
            Set<String> all = new LinkedHashSet<>();
            live.forEach(address -> resolve(address, all));
            seeds.forEach(address -> resolve(address, all));
            return new ArrayList<>(all);
        }

        private void resolve(String address, Set<String> into) {
            // "[::1]:5701" has a port, "::1" has none.
            int colon = address.indexOf(':', address.lastIndexOf(']') + 1);
            boolean port = colon > 0 && colon == address.lastIndexOf(':');
            String host = port ? address.substring(0, colon) : address;
            int number = port ? Integer.parseInt(address.substring(colon + 1)) : defaultPort;
            try {
                for (InetAddress found : InetAddress.getAllByName(host)) {
                    into.add(hostAndPort(found.getHostAddress(), number));
                }
            } catch (UnknownHostException e) {
                LOG.debug("event=cluster.seed.unknown host={}", host); // it may come to be known
            }
        }

        static String hostAndPort(String host, int port) {
            return host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]:" + port : host + ":" + port;
        }

        static String addressOf(String host) {
            try {
                return InetAddress.getByName(host).getHostAddress();
            } catch (UnknownHostException e) {
                throw new IllegalArgumentException("cluster.host can't be resolved: " + host, e);
            }
        }
    }
}
