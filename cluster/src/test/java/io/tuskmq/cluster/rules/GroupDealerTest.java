package io.tuskmq.cluster.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class GroupDealerTest {
    private final GroupDealer<String, Integer> dealer = new GroupDealer<>();

    private String dealt() {
        StringBuilder text = new StringBuilder();
        dealer.deal()
                .forEach(deal ->
                        text.append(deal.member()).append(deal.message()).append(' '));
        return text.toString().trim();
    }

    private void offer(int from, int to) {
        for (int i = from; i <= to; i++) {
            dealer.offer(i);
        }
    }

    @Test
    void dealsInTurn() {
        dealer.joined("a", 10);
        dealer.joined("b", 10);
        dealer.joined("c", 10);
        offer(1, 4);
        assertEquals("a1 b2 c3 a4", dealt());
        offer(5, 5);
        assertEquals("b5", dealt());
    }

    @Test
    void dealsNothingWithoutMembers() {
        offer(1, 2);
        assertEquals("", dealt());
        assertTrue(dealer.deserted());
        assertEquals(2, dealer.waiting());
        dealer.joined("a", 10);
        assertEquals("a1 a2", dealt());
    }

    /** [MQTT5-3.3.4-9]: nobody gets more than its Receive Maximum. */
    @Test
    void passesOverMembersWithoutRoom() {
        dealer.joined("a", 1);
        dealer.joined("b", 2);
        dealer.joined("c", 9);
        dealer.writable("c", false);
        offer(1, 5);
        assertEquals("a1 b2 b3", dealt());
        assertEquals(2, dealer.waiting());
        assertTrue(dealer.acked("a", 1));
        assertFalse(dealer.acked("a", 1));
        assertEquals("a4", dealt());
        dealer.writable("c", true);
        assertEquals("c5", dealt());
    }

    @Test
    void dealsWhatALeaverHadToOthersInOrderBeforeTheRest() {
        dealer.joined("a", 3);
        dealer.joined("b", 1);
        offer(1, 6);
        assertEquals("a1 b2 a3 a4", dealt());
        assertTrue(dealer.acked("a", 3));
        assertEquals(List.of(), dealer.left("a", message -> false));
        dealer.joined("b", 9);
        assertEquals("b1 b4 b5 b6", dealt());
        assertEquals(5, dealer.held("b"));
        assertEquals(0, dealer.held("a"));
    }

    /** [MQTT5-4.8.2-4] [MQTT5-4.8.2-5] */
    @Test
    void keepsWhatMustBeCompletedWithTheLeaver() {
        dealer.joined("a", 9);
        offer(1, 4);
        dealt();
        assertEquals(List.of(1, 3), dealer.left("a", message -> message % 2 == 1));
        dealer.joined("b", 9);
        assertEquals("b2 b4", dealt());
    }

    /** [MQTT5-4.8.2-6] */
    @Test
    void doesNotDealAgainWhatAMemberRefused() {
        dealer.joined("a", 9);
        offer(1, 1);
        dealt();
        assertTrue(dealer.acked("a", 1));
        dealer.left("a", message -> false);
        dealer.joined("b", 9);
        assertEquals("", dealt());
    }

    @Test
    void keepsTheTurnWhenAMemberLeaves() {
        for (String member : List.of("a", "b", "c")) {
            dealer.joined(member, 9);
        }
        offer(1, 2);
        assertEquals("a1 b2", dealt());
        dealer.acked("a", 1);
        dealer.left("a", message -> false);
        offer(3, 4);
        assertEquals("c3 b4", dealt());
        assertEquals(List.of(), dealer.left("nobody", message -> false));
    }

    /** Whatever happens, each message is in one place: waiting, held by one member, or done; and windows are kept. */
    @Property
    void everyMessageIsInExactlyOnePlace(@ForAll @Size(max = 200) List<@IntRange(max = 999) Integer> steps) {
        GroupDealer<Integer, Integer> group = new GroupDealer<>();
        Map<Integer, Set<Integer>> held = new HashMap<>();
        int offered = 0;
        int done = 0;
        for (int step : steps) {
            int member = step / 100 % 4;
            switch (step % 5) {
                case 0 -> {
                    group.joined(member, 3);
                    held.computeIfAbsent(member, m -> new HashSet<>());
                }
                case 1 -> group.offer(offered++);
                case 2 -> {
                    group.left(member, message -> false);
                    held.remove(member);
                }
                case 3 -> {
                    Set<Integer> mine = held.getOrDefault(member, Set.of());
                    for (int message : List.copyOf(mine)) {
                        assertTrue(group.acked(member, message));
                        mine.remove(message);
                        done++;
                    }
                }
                default -> {
                    List<Integer> order = new ArrayList<>();
                    group.deal().forEach(deal -> {
                        Set<Integer> hand = Objects.requireNonNull(held.get(deal.member()), "dealt to one who left");
                        assertTrue(hand.size() < 3);
                        hand.add(deal.message());
                        order.add(deal.message());
                    });
                    assertEquals(order.stream().sorted().toList(), order);
                }
            }
            int inHands = held.values().stream().mapToInt(Set::size).sum();
            assertEquals(offered, done + inHands + group.waiting());
        }
    }

    @Test
    void whatAMemberThatLeftGivesBackComesInItsOldPlace() {
        GroupDealer<String, Integer> dealer = new GroupDealer<>();
        dealer.joined("a", 2);
        for (int message = 1; message <= 4; message++) {
            dealer.offer(message);
        }
        dealer.deal();
        dealer.left("a", message -> true);
        dealer.forget(1);
        dealer.again(2);
        dealer.joined("a", 3);
        assertEquals(
                List.of(2, 3, 4),
                dealer.deal().stream().map(GroupDealer.Deal::message).toList());
    }
}
