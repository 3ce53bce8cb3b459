package io.tuskmq.node.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * I1 to I9 of a whole cluster under trouble. {@code -Dsimulation.cluster.seed=N} replays one seed, {@code -Dsimulation.cluster.seeds=N}
 * runs more of them, {@code -Dsimulation.log=true} shows what the broker logs.
 */
class ClusterSimulationTest {
    private static final int SEEDS = Integer.getInteger("simulation.cluster.seeds", 500);
    private static final long FROM = Long.getLong("simulation.cluster.from", 1);
    private static final int SEEDS_TO_FIND_A_BUG = 4_000;

    @Test
    void keepsEveryPromiseInEverySeed() {
        Long one = Long.getLong("simulation.cluster.seed");
        if (one != null) {
            System.out.println("simulation: " + ClusterSimulation.run(one, ClusterBug.NONE));
            return;
        }
        long acks = 0;
        long deliveries = 0;
        long dealt = 0;
        long wills = 0;
        for (long seed = FROM; seed < FROM + SEEDS; seed++) {
            ClusterSimulation.Outcome outcome = ClusterSimulation.run(seed, ClusterBug.NONE);
            acks += outcome.acks();
            deliveries += outcome.deliveries();
            dealt += outcome.dealt();
            wills += outcome.wills();
        }
        System.out.println("simulation: cluster seeds=" + SEEDS + " acknowledged=" + acks + " delivered=" + deliveries
                + " dealt=" + dealt + " wills=" + wills);
        assertTrue(
                acks > 10L * SEEDS && deliveries > 10L * SEEDS && dealt > 10L * SEEDS && wills > SEEDS,
                "the runs do too little: " + acks + ", " + deliveries + ", " + dealt + ", " + wills);
    }

    /** The simulation can fail: each planted mistake is found. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void findsPlanted(ClusterBug bug) {
        for (long tried = 0; tried <= SEEDS_TO_FIND_A_BUG; tried++) {
            long seed = tried == 0 ? bug.foundBy() : tried;
            try {
                ClusterSimulation.run(seed, bug);
            } catch (AssertionError found) {
                if (passesUnplanted(seed)) {
                    System.out.println("simulation: " + bug + " found by " + found.getMessage());
                    return;
                }
            }
        }
        fail(bug + " was not found in " + SEEDS_TO_FIND_A_BUG + " seeds");
    }

    /** What a seed finds by itself is not the planted mistake. */
    private static boolean passesUnplanted(long seed) {
        try {
            ClusterSimulation.run(seed, ClusterBug.NONE);
            return true;
        } catch (AssertionError open) {
            return false;
        }
    }

    /** A seed that fails must fail again: the same seed takes the same way. */
    @Test
    void isDeterministic() {
        for (long seed = 1; seed <= 5; seed++) {
            assertEquals(ClusterSimulation.run(seed, ClusterBug.NONE), ClusterSimulation.run(seed, ClusterBug.NONE));
        }
    }
}
