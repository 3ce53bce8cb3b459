package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.claim;
import static io.tuskmq.storage.StoreFixture.forced;
import static io.tuskmq.storage.StoreFixture.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tuskmq.storage.Sessions.Checkpoint;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.SessionState;
import io.tuskmq.storage.Sessions.Take;
import io.tuskmq.storage.Sessions.Taken;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Members of a shared subscription take messages over from its group: what {@link Sessions} promises about it. */
abstract class TakesContract {
    abstract StoreFixture store();

    private Claimed.Owned own(String name) {
        return store().own(claim(name, store().node()));
    }

    private static Checkpoint checkpoint(Claimed.Owned owned, long number) {
        return new Checkpoint(owned.sessionId(), owned.epoch(), number, new long[] {number}, new byte[] {
            0x7f, 0, 0, 0, 0, 0, 0, 0, (byte) number
        });
    }

    private static Take take(Claimed.Owned group, long logId) {
        return new Take(group.sessionId(), group.epoch(), logId);
    }

    private Taken take(Claimed.Owned member, long number, Take... takes) {
        return get(store().sessions().checkpoint(checkpoint(member, number), List.of(takes)));
    }

    private Set<Long> taken(Claimed.Owned group) {
        return new TreeSet<>(get(store().sessions().taken(group.sessionId())));
    }

    private SessionState claimedAnew(String name) {
        return store().own(forced(claim(name, store().node()))).state();
    }

    @Test
    void whatIsTakenIsNotedUntilTheGroupForgetsIt() {
        Claimed.Owned group = own("$share/g/t");
        Claimed.Owned member = own("phone");
        assertEquals(Taken.HELD, take(member, 1, take(group, 7), take(group, 9)));
        assertEquals(new TreeSet<>(List.of(7L, 9L)), taken(group));
        get(store().sessions().forgetTaken(group.sessionId(), List.of(7L)));
        assertEquals(new TreeSet<>(List.of(9L)), taken(group));
        assertArrayEquals(
                new byte[] {0x7f, 0, 0, 0, 0, 0, 0, 0, 1}, claimedAnew("phone").inflight());
    }

    @Test
    void nothingIsTakenFromAGroupThatWasClaimedAnew() {
        Claimed.Owned group = own("$share/g/t");
        Claimed.Owned other = own("$share/other/t");
        Claimed.Owned member = own("phone");
        store().own(forced(claim("$share/g/t", store().node())));
        assertEquals(Taken.REFUSED, take(member, 1, take(group, 7), take(other, 8)));
        assertEquals(new TreeSet<>(), taken(group));
        assertEquals(new TreeSet<>(), taken(other), "a checkpoint is written whole or not at all");
        assertEquals(Taken.HELD, take(member, 2, take(other, 8)));
        assertEquals(new TreeSet<>(List.of(8L)), taken(other));
    }

    @Test
    void aLostSessionTakesNothing() {
        Claimed.Owned group = own("$share/g/t");
        Claimed.Owned member = own("phone");
        claimedAnew("phone");
        assertEquals(Taken.LOST, take(member, 1, take(group, 7)));
        assertEquals(new TreeSet<>(), taken(group));
    }

    /** The first attempt's answer was lost; meanwhile the group has forgotten the message, and even been claimed anew. */
    @Test
    void aRepeatedTakeIsInAlready() {
        Claimed.Owned group = own("$share/g/t");
        Claimed.Owned member = own("phone");
        assertEquals(Taken.HELD, take(member, 1, take(group, 7)));
        get(store().sessions().forgetTaken(group.sessionId(), List.of(7L)));
        store().own(forced(claim("$share/g/t", store().node())));
        assertEquals(Taken.HELD, take(member, 1, take(group, 7)));
        assertEquals(new TreeSet<>(), taken(group));
    }

    /** However they race: what is noted as taken after the claim is all that ever will be. */
    @Test
    void aClaimOfTheGroupComesBeforeOrAfterATake() {
        for (int round = 0; round < 20; round++) {
            String name = "$share/g" + round + "/t";
            Claimed.Owned group = own(name);
            List<Claimed.Owned> members = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                members.add(own("m" + round + "-" + i));
            }
            List<Future<Taken>> taking = new ArrayList<>();
            Future<List<Long>> found = null;
            for (int i = 0; i < members.size(); i++) {
                taking.add(store().sessions().checkpoint(checkpoint(members.get(i), 1), List.of(take(group, i))));
                if (i == 1) {
                    found = store().sessions()
                            .claim(forced(claim(name, store().node())))
                            .compose(claimed -> store().sessions().taken(group.sessionId()));
                }
            }
            TreeSet<Long> held = new TreeSet<>();
            for (int i = 0; i < members.size(); i++) {
                if (get(taking.get(i)) == Taken.HELD) {
                    held.add((long) i);
                }
            }
            assertEquals(held, new TreeSet<>(get(Objects.requireNonNull(found))));
        }
    }

    @Test
    void whatWasTakenGoesWithTheGroup() {
        Claimed.Owned group = own("$share/g/t");
        Claimed.Owned member = own("phone");
        take(member, 1, take(group, 7));
        store().own(forced(StoreFixture.clean(claim("$share/g/t", store().node()))));
        assertEquals(new TreeSet<>(), taken(group));
    }
}
