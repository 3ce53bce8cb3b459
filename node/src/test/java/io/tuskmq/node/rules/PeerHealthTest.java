package io.tuskmq.node.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Whose word that it takes nobody for dead counts (I5, I11). */
class PeerHealthTest {
    private static final List<Long> PEERS = List.of(1L, 2L);

    private final PeerHealth health = new PeerHealth(9_000);

    @Test
    void countsThoseWhoSaidItLately() {
        health.said(1, true, 1_000);
        health.said(2, true, 2_000);
        assertEquals(2, health.sparing(PEERS, 4_000));
        assertEquals(1, health.sparing(PEERS, 4_001));
        assertEquals(1, health.sparing(List.of(2L), 4_000));
    }

    @Test
    void forgetsItBeforeAShortLeaseEnds() {
        PeerHealth ofShortLease = new PeerHealth(3_000);
        ofShortLease.said(1, true, 1_000);
        assertEquals(1, ofShortLease.sparing(PEERS, 2_000));
        assertEquals(0, ofShortLease.sparing(PEERS, 2_001));
    }

    @Test
    void forgetsItWhenThePeerHasTheDatabaseAgain() {
        health.said(1, true, 1_000);
        health.said(1, false, 1_100);
        assertEquals(0, health.sparing(PEERS, 1_100));
    }

    /** Found by the simulation of the cluster, seed 567: peers that had the database again let go of this node, which served on. */
    @Test
    void forgetsItWhenThePeersStreamBreaks() {
        health.said(1, true, 1_000);
        health.silent(1);
        assertEquals(0, health.sparing(PEERS, 1_001));
    }
}
