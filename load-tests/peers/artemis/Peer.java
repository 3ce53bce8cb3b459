import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.activemq.artemis.api.core.SimpleString;
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.config.storage.DatabaseStorageConfiguration;
import org.apache.activemq.artemis.core.server.JournalType;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;
import org.apache.activemq.artemis.core.settings.impl.AddressFullMessagePolicy;
import org.apache.activemq.artemis.core.settings.impl.AddressSettings;

/** ActiveMQ Artemis with an MQTT acceptor: DIRECTORY PORT journal|jdbc. Prints "ready PORT [POSTMASTER]" when it listens. */
class Peer {
    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[0]);
        ConfigurationImpl configuration = new ConfigurationImpl();
        configuration.setSecurityEnabled(false).setPersistenceEnabled(true).setJournalType(JournalType.NIO);
        configuration.setJournalDirectory(directory.resolve("journal").toString());
        configuration.setBindingsDirectory(directory.resolve("bindings").toString());
        configuration.setLargeMessagesDirectory(directory.resolve("large").toString());
        configuration.setPagingDirectory(directory.resolve("paging").toString());
        // Each commit is synced, several within a fifth of a millisecond together: no write is acknowledged before.
        configuration.setJournalBufferTimeout_NIO(200_000);
        configuration.setMaxDiskUsage(-1);
        configuration.addAcceptorConfiguration("mqtt", "tcp://127.0.0.1:" + args[1] + "?protocols=MQTT");
        configuration.addAddressSetting(
                "#",
                new AddressSettings()
                        .setAddressFullMessagePolicy(AddressFullMessagePolicy.PAGE)
                        .setDeadLetterAddress(SimpleString.of("DLQ")));
        String postmaster = "";
        if (args[2].equals("jdbc")) {
            Path data = directory.resolve("pg");
            // Durable: the defaults of this library are those of throwaway tests.
            EmbeddedPostgres postgres = EmbeddedPostgres.builder()
                    .setDataDirectory(data.toFile())
                    .setServerConfig("fsync", "on")
                    .setServerConfig("synchronous_commit", "on")
                    .setServerConfig("full_page_writes", "on")
                    .setServerConfig("shared_buffers", "256MB")
                    .start();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> close(postgres)));
            DatabaseStorageConfiguration storage = new DatabaseStorageConfiguration();
            storage.setJdbcConnectionUrl(postgres.getJdbcUrl("postgres", "postgres"));
            storage.setJdbcDriverClassName("org.postgresql.Driver");
            configuration.setStoreConfiguration(storage);
            postmaster = " " + Files.readAllLines(data.resolve("postmaster.pid")).getFirst().strip();
        }
        EmbeddedActiveMQ server = new EmbeddedActiveMQ();
        server.setConfiguration(configuration);
        server.start();
        System.out.println("ready " + args[1] + postmaster);
    }

    private static void close(EmbeddedPostgres postgres) {
        try {
            postgres.close();
        } catch (java.io.IOException e) {
            e.printStackTrace();
        }
    }
}
