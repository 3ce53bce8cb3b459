package io.tuskmq.node.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.cluster.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The whole way of a user: {@code ./tuskmq start}. It builds when the sources are younger than its last build. */
class LauncherTest {
    private static final Duration STOPPED = Duration.ofSeconds(20);

    @RegisterExtension
    final Brokers brokers = Brokers.perTest();

    private static Path launcher() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.isExecutable(at.resolve("tuskmq"))) {
                return at.resolve("tuskmq");
            }
        }
        throw new AssertionError("no launcher above " + Path.of("").toAbsolutePath());
    }

    @Test
    void whatWasMissedIsThereAfterKillsAndRestartsOfTheLaunchedBroker() throws IOException {
        Path launcher = launcher();
        brokers.launch(launcher);
        RawClient phone = RawMqtt.persistent(brokers.port(), "phone", false);
        RawMqtt.subscribe(phone, "chat/#", 1);
        brokers.current().killNineAll();
        phone.close();
        brokers.launch(launcher);
        try (RawClient publisher = RawMqtt.clean(brokers.port(), "publisher")) {
            RawMqtt.publish(publisher, 1, 1, "chat/a", "missed");
        }
        assertEquals(0, brokers.current().terminate(), brokers.current().log());
        // Its log collector ends on its own, a moment after the postmaster.
        Await.until(
                "PostgreSQL was stopped with its node",
                STOPPED,
                () -> brokers.current().postgres().isEmpty());
        brokers.launch(launcher);
        try (RawClient back = RawMqtt.persistent(brokers.port(), "phone", true)) {
            assertEquals("missed", RawMqtt.take(back).payload());
        }
        assertTrue(brokers.current().isAlive());
    }
}
