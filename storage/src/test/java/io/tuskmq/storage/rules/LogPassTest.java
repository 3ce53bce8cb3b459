package io.tuskmq.storage.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class LogPassTest {
    private static final int LANES = 3;
    private static final long START = 1_700_000_000_000L;

    /**
     * I2: lanes commit while pages are read, one of them stands still for most of the time: every id is taken once, and a pass needs no
     * more pages than its rows fill.
     */
    @Test
    void passesTakeEveryIdOnceAndAlwaysGetOn() {
        for (long seed = 1; seed <= 1_000; seed++) {
            Random random = new Random(seed);
            long now = START;
            LaneVector heads = new LaneVector();
            for (int lane = 1; lane <= LANES; lane++) {
                heads.raise(lane, LogId.first(now, lane));
            }
            LaneVector starts = heads.copy();
            LaneVector cursor = heads.copy();
            TreeSet<Long> log = new TreeSet<>();
            List<Long> taken = new ArrayList<>();
            for (int round = 0; round < 6; round++) {
                boolean last = round == 5;
                LogPass pass = new LogPass(cursor);
                int pages = 0;
                boolean end = false;
                while (!end) {
                    for (int n = last ? 0 : random.nextInt(30); n > 0; n--) {
                        now += random.nextInt(3);
                        int lane = random.nextInt(20) == 0 ? LANES : 1 + random.nextInt(LANES - 1);
                        long id = LogId.next(heads.get(lane), lane, now - random.nextInt(5));
                        log.add(id);
                        heads.raise(lane, id);
                    }
                    List<Long> page = log.tailSet(pass.afterId(), false).stream()
                            .limit(10)
                            .toList();
                    end = page.size() < 10;
                    pass.page(heads, starts);
                    page.stream().filter(pass::takes).forEach(taken::add);
                    pass.through(end ? Long.MAX_VALUE : page.getLast());
                    assertTrue(++pages < 1_000, "seed " + seed + ": no end");
                    last = last || pages > 20;
                }
            }
            Set<Long> distinct = new HashSet<>(taken);
            assertEquals(distinct.size(), taken.size(), "seed " + seed + ": taken twice");
            assertEquals(log, new TreeSet<>(taken), "seed " + seed);
        }
    }
}
