package io.tuskmq.node.process.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cut stops packets in the direction that it names, and nothing is left of the namespaces afterwards. */
class NamespacesTest {
    /** A process of its own: answers each datagram with the same text. */
    static final class Echo {
        private static final int PORT = 7_000;

        private Echo() {}

        public static void main(String[] args) throws IOException {
            try (DatagramSocket socket = new DatagramSocket(PORT)) {
                System.out.println("up");
                while (true) {
                    DatagramPacket packet = new DatagramPacket(new byte[100], 100);
                    socket.receive(packet);
                    System.out.println(
                            "got " + new String(packet.getData(), 0, packet.getLength(), StandardCharsets.US_ASCII));
                    socket.send(packet);
                }
            }
        }
    }

    private static final Duration SOON = Duration.ofSeconds(20);
    /** Returns as soon as it has come: a JVM's first answer takes its time. */
    private static final double ANSWER_SECONDS = 20;

    private static final double NO_ANSWER_SECONDS = 0.3;

    @TempDir
    Path directory;

    @BeforeAll
    static void needsNamespaces() {
        Namespaces.need();
    }

    @Test
    void cutsDropWhatTheySayAndHealingUndoesThem() {
        List<String> command = new ArrayList<>();
        try (Namespaces namespaces = Namespaces.create(List.of("a", "b"))) {
            command.addAll(namespaces.prefix("b"));
            command.addAll(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-cp",
                    System.getProperty("java.class.path"),
                    Echo.class.getName()));
            try (Program echo = Program.start(directory.resolve("echo.log"), command)) {
                Await.until(
                        "the echo runs",
                        Duration.ofSeconds(60),
                        () -> echo.output().contains("up\n"),
                        echo::tail);
                assertEquals("one", ask(namespaces, "one", ANSWER_SECONDS));

                namespaces.cutOneWay("b", "a");
                assertEquals("", ask(namespaces, "two", NO_ANSWER_SECONDS));
                Await.until(
                        "only the answer is dropped", SOON, () -> echo.output().contains("got two\n"));

                namespaces.heal();
                assertEquals("three", ask(namespaces, "three", ANSWER_SECONDS));

                namespaces.cut("a", "b");
                assertEquals("", ask(namespaces, "four", NO_ANSWER_SECONDS));
                assertFalse(echo.output().contains("got four\n"), "nothing goes either way");

                namespaces.heal();
                assertEquals("five", ask(namespaces, "five", ANSWER_SECONDS));
            }
        }
        // The kernel takes a namespace apart after the command that deletes it has ended.
        String ours = "tmq" + ProcessHandle.current().pid();
        Await.until(
                "no namespace is left",
                SOON,
                () -> !Program.run("ip", "netns", "list").contains(ours + "-"));
        Await.until(
                "no link is left", SOON, () -> !Program.run("ip", "-o", "link").contains(ours));
    }

    /** From namespace a to the echo in b: its answer, or nothing within the time. */
    private static String ask(Namespaces namespaces, String text, double seconds) {
        List<String> command = new ArrayList<>(namespaces.prefix("a"));
        command.addAll(List.of(
                "bash",
                "-c",
                "exec 3<>/dev/udp/" + namespaces.address("b") + "/" + Echo.PORT + "; printf " + text + " >&3; timeout "
                        + seconds + " head -c " + text.length() + " <&3 || true"));
        return Program.run(command.toArray(String[]::new));
    }
}
