package io.tuskmq.cluster.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RouteTableTest {
    private static final RouteHash HASH = new RouteHash(1, 2);

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void agreesWithAMapAfterAnyChanges(long seed) {
        Random random = new Random(seed);
        RouteTable table = new RouteTable();
        Map<Long, Integer> map = new HashMap<>();
        for (int i = 0; i < 60_000; i++) {
            // Few homes, so that entries are probed past each other and pulled up again, also around the end of the
            // places.
            long hash = random.nextInt(64) * 0x0400_0000_0000L + random.nextInt(300) * 4L;
            int flags = random.nextInt(i % 20_000 < 10_000 ? 4 : 2);
            Integer before = flags == 0 ? map.remove(hash) : map.put(hash, flags);
            assertEquals(before == null ? 0 : before, table.put(hash, flags));
            assertEquals(map.size(), table.size());
            if (i % 500 == 0) {
                map.forEach((key, value) -> assertEquals(value, table.flags(key)));
            }
        }
        map.keySet().forEach(key -> table.put(key, 0));
        assertEquals(RouteDigest.EMPTY, table.digest());
    }

    @Test
    void equalSetsHaveEqualDigestsInWhateverOrderTheyWereMade() {
        RouteTable up = new RouteTable();
        RouteTable down = new RouteTable();
        for (int i = 0; i < 1_000; i++) {
            up.put(HASH.of("a/" + i), 1 + i % 3);
            down.put(HASH.of("a/" + (999 - i)), 3);
            down.put(HASH.of("b/" + i), 1);
        }
        assertNotEquals(up.digest(), down.digest());
        for (int i = 0; i < 1_000; i++) {
            down.put(HASH.of("a/" + i), 1 + i % 3);
            down.put(HASH.of("b/" + i), 0);
        }
        assertEquals(up.digest(), down.digest());
    }

    @Test
    void digestTellsFlagsApart() {
        Set<RouteDigest> digests = new HashSet<>();
        for (int a = 0; a <= 3; a++) {
            for (int b = 0; b <= 3; b++) {
                RouteTable table = new RouteTable();
                table.put(HASH.of("a"), a);
                table.put(HASH.of("b"), b);
                digests.add(table.digest());
            }
        }
        assertEquals(16, digests.size());
    }

    @Test
    void takesAtMost22BytesAFilterAndGivesThemBack() {
        RouteTable table = new RouteTable();
        for (int i = 0; i < 300_000; i++) {
            table.put(HASH.of("devices/" + i + "/state"), 1);
            assertTrue(i < 100 || table.places() * 8L <= 22L * table.size());
        }
        for (int i = 0; i < 300_000; i++) {
            table.put(HASH.of("devices/" + i + "/state"), 0);
        }
        assertEquals(16, table.places());
    }

    @Test
    void refusesMoreThanTwoBitsOfFlags() {
        assertThrows(IllegalArgumentException.class, () -> new RouteTable().put(1, 4));
        assertThrows(IllegalArgumentException.class, () -> new RouteTable().put(1, -1));
    }

    @Test
    void hashDependsOnEachCharacterTheLengthAndTheKey() {
        Set<Long> hashes = new HashSet<>();
        String text = "";
        for (int i = 0; i < 600; i++) {
            assertTrue(hashes.add(HASH.of(text)), text);
            text += "\0";
        }
        String filter = "level/with/\u00e9\uD83D\uDC18/+/#";
        for (int i = 0; i < filter.length(); i++) {
            for (int bit = 0; bit < 16; bit++) {
                String other =
                        filter.substring(0, i) + (char) (filter.charAt(i) ^ (1 << bit)) + filter.substring(i + 1);
                assertTrue(hashes.add(HASH.of(other)));
            }
        }
        assertNotEquals(HASH.of(filter), new RouteHash(1, 3).of(filter));
        assertNotEquals(HASH.of(filter), new RouteHash(3, 2).of(filter));
    }

    @Test
    void hashSpreadsOverAllBits() {
        int[] ones = new int[64];
        for (int i = 0; i < 10_000; i++) {
            long hash = HASH.of("sensors/" + i);
            for (int bit = 0; bit < 64; bit++) {
                ones[bit] += (int) ((hash >>> bit) & 1);
            }
        }
        for (int bit = 0; bit < 64; bit++) {
            assertTrue(ones[bit] > 4_700 && ones[bit] < 5_300, bit + ": " + ones[bit]);
        }
    }
}
