package io.tuskmq.node.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * I1, I2, I3, I6, I7 and I9 of the session core under trouble. {@code -Dsimulation.seed=N} replays one seed, {@code
 * -Dsimulation.seeds=N} runs more of them.
 */
class SimulationTest {
    private static final int SEEDS = Integer.getInteger("simulation.seeds", 1_200);
    private static final int SEEDS_TO_FIND_A_BUG = 1_000;

    @Test
    void keepsEveryPromiseInEverySeed() {
        Long one = Long.getLong("simulation.seed");
        if (one != null) {
            Simulation.run(one, Bug.NONE);
            return;
        }
        long acks = 0;
        long deliveries = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            Simulation.Outcome outcome = Simulation.run(seed, Bug.NONE);
            acks += outcome.acks();
            deliveries += outcome.deliveries();
        }
        System.out.println("simulation: seeds=" + SEEDS + " acknowledged=" + acks + " delivered=" + deliveries);
        assertTrue(
                acks > 10L * SEEDS && deliveries > 10L * SEEDS, "the runs do too little: " + acks + ", " + deliveries);
    }

    /** The simulation can fail: each planted mistake is found. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void findsPlanted(Bug bug) {
        for (long seed = 1; seed <= SEEDS_TO_FIND_A_BUG; seed++) {
            try {
                Simulation.run(seed, bug);
            } catch (AssertionError found) {
                System.out.println("simulation: " + bug + " found by " + found.getMessage());
                return;
            }
        }
        fail(bug + " was not found in " + SEEDS_TO_FIND_A_BUG + " seeds");
    }

    /** A seed that fails must fail again: the same seed takes the same way. */
    @Test
    void isDeterministic() {
        for (long seed = 1; seed <= 20; seed++) {
            assertTrue(Simulation.run(seed, Bug.NONE).equals(Simulation.run(seed, Bug.NONE)), "seed " + seed);
        }
    }
}
