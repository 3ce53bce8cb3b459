package io.tuskmq.load;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class OptionsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense",
                "pairs --qos 3",
                "pairs --pairs none",
                "pairs --target localhost",
                "pairs --target localhost:0",
                "pairs --payload-bytes 19",
                "pairs --duration 0",
                "pairs --protocol 4.1",
                "pairs --insecure",
                "pairs --password secret",
                "pairs --pid node=abc",
                "pairs --qos0-loss perhaps",
                "pairs --what",
                "fan-in --publishers 0",
                "fan-out --subscribers 0",
                "shared --members 0",
                "offline-fill --qos 0",
                "offline-fill --plain-insert",
                "offline-fill --fan-outs 1,2 --state x",
                "drain",
                "drain --state /nowhere/at/all",
                "connect-storm --clients 0",
                "idle --clients 0",
                "retained --topics 1 --publishers 2",
                "chat --users 1",
                "chat --offline 1",
                "failover",
                "failover --at soon true",
                "failover --at 40s true",
                "scale --pairs 0",
                "scale --nodes 2",
                "growth --of clients",
                "growth --sizes 10,10",
                "latency",
                "latency --qos 0 --start-tuskmq",
                "start --rounds 0",
                "compare one.json",
                "compare /nowhere/a.json /nowhere/b.json"
            })
    void wrongOptionsAreExitCodeTwo(String words) {
        assertEquals(2, Main.run(words.split(" ")));
    }

    @Test
    void compareRefusesWhatIsNoReport(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("x.json"), "{\"schema\": 2}");
        assertEquals(2, Main.run("compare", file.toString(), file.toString()));
    }

    @Test
    void helpIsNoError() {
        assertEquals(0, Main.run("--help"));
        assertEquals(0, Main.run("chat", "--help"));
    }
}
