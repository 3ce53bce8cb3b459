package io.tuskmq.node.session;

import io.tuskmq.cluster.rules.GroupDealer;
import io.tuskmq.node.rules.Subscription;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which member of a group has which of its messages. Lives on the group's shard. */
final class GroupHands {
    /** Messages that one member may hold unacknowledged. */
    private static final int MEMBER_MAX = 100;

    private final GroupDealer<Member, GroupDeal> dealer = new GroupDealer<>();
    private final Map<Member, Subscription> members = new HashMap<>();
    /** Also of members that have unsubscribed, or gone without it being known what they took. */
    private final Map<Member, Set<GroupDeal>> held = new HashMap<>();
    /** What was with members that were lost, and that they may have taken. */
    private final List<GroupDeal> unsure = new ArrayList<>();

    private final List<Member> turns = new ArrayList<>();
    private int turn;

    /** The member is here, or has changed its subscription. */
    void join(Member member, Subscription subscription) {
        if (members.put(member, subscription) == null) {
            turns.add(member);
        }
        dealer.joined(member, Math.min(MEMBER_MAX, member.receiveMax()));
    }

    /** The member has unsubscribed: it is dealt nothing more, and keeps what it has [MQTT5-3.10.4-4]. */
    void leave(Member member) {
        dealer.left(member, deal -> true);
        held.getOrDefault(member, Set.of()).forEach(deal -> deal.isCounted = false);
        forget(member);
    }

    /** The member's connection has ended: what it has goes to others, but for what it may just be taking over. */
    void gone(Member member) {
        dealer.left(member, GroupHands::isBeingTaken);
        Set<GroupDeal> taking = new LinkedHashSet<>();
        for (GroupDeal deal : removeHeld(member)) {
            if (isBeingTaken(deal)) {
                taking.add(deal);
            } else {
                waitAgain(deal);
            }
            deal.isCounted = false;
        }
        if (!taking.isEmpty()) {
            held.put(member, taking);
        }
        forget(member);
    }

    private static boolean isBeingTaken(GroupDeal deal) {
        return deal.ticket != null && deal.ticket.isTaking;
    }

    /** In its old place. */
    private void waitAgain(GroupDeal deal) {
        deal.ticket = null;
        if (!deal.isCounted) {
            dealer.again(deal);
        }
    }

    /** The member, which has gone, has taken nothing that it didn't say. */
    void finished(Member member) {
        removeHeld(member).forEach(this::waitAgain);
    }

    /** Nothing more will be heard of the member. Returns whether it is unknown what it took: then {@link #resolve} must follow. */
    boolean lost(Member member) {
        gone(member);
        for (GroupDeal deal : removeHeld(member)) {
            deal.ticket = null;
            unsure.add(deal);
        }
        return !unsure.isEmpty();
    }

    /** It is known what members took: this. What lost members didn't take goes to others. Returns what they took. */
    List<GroupDeal> resolve(Set<Long> takenLogIds) {
        List<GroupDeal> taken = new ArrayList<>();
        for (GroupDeal deal : unsure) {
            if (takenLogIds.contains(deal.logId)) {
                dealer.forget(deal);
                taken.add(deal);
            } else {
                dealer.again(deal);
            }
        }
        unsure.clear();
        return taken;
    }

    private Set<GroupDeal> removeHeld(Member member) {
        Set<GroupDeal> deals = held.remove(member);
        return deals == null ? Set.of() : deals;
    }

    private void forget(Member member) {
        members.remove(member);
        turns.remove(member);
    }

    boolean noMembers() {
        return members.isEmpty();
    }

    /** Whether no member has anything that is still the group's. */
    boolean areEmpty() {
        return held.isEmpty() && unsure.isEmpty();
    }

    boolean anyWaits() {
        return dealer.waiting() > 0;
    }

    void offer(GroupDeal deal) {
        dealer.offer(deal);
    }

    /** Deals what there is room for. Returns the members that can take nothing for now, until {@link #writable}. */
    Set<Member> deal(long groupEpoch) {
        Set<Member> resting = new LinkedHashSet<>();
        for (var dealt = dealer.deal(); !dealt.isEmpty(); dealt = dealer.deal()) {
            for (GroupDealer.Deal<Member, GroupDeal> one : dealt) {
                if (!give(one.message(), one.member(), groupEpoch)) {
                    dealer.returned(one.member(), one.message());
                    dealer.writable(one.member(), false);
                    resting.add(one.member());
                }
            }
        }
        return resting;
    }

    private boolean give(GroupDeal deal, Member member, long groupEpoch) {
        Subscription subscription = members.get(member);
        if (subscription == null) {
            throw new IllegalStateException("the dealer has a member that is none");
        }
        boolean taking = member.isStored() && Math.min(subscription.qos(), deal.message.qos()) == 2;
        Ticket ticket = new Ticket(deal, member, groupEpoch, taking);
        if (!member.deal(ticket, subscription)) {
            return false;
        }
        deal.ticket = ticket;
        deal.isCounted = true;
        held.computeIfAbsent(member, m -> new LinkedHashSet<>()).add(deal);
        return true;
    }

    void writable(Member member) {
        dealer.writable(member, true);
    }

    /** QoS 0: to the next member. False when there is none, or it can't take it. */
    boolean giveAtMostOnce(GroupDeal deal) {
        if (turns.isEmpty()) {
            return false;
        }
        turn = (turn + 1) % turns.size();
        Member member = turns.get(turn);
        return Optional.ofNullable(members.get(member))
                .filter(subscription -> member.deal(new Ticket(deal, member, 0, false), subscription))
                .isPresent();
    }

    /** The member is done with it, or it is the member's. Returns false when it was not with it any more. */
    boolean release(Ticket ticket) {
        GroupDeal deal = ticket.deal;
        if (deal.ticket != ticket) {
            return false;
        }
        deal.ticket = null;
        if (!dealer.acked(ticket.member, deal)) {
            dealer.forget(deal);
        }
        removeFromHeld(ticket);
        return true;
    }

    /** The member can't deliver it: another one is to. */
    void putBack(Ticket ticket) {
        GroupDeal deal = ticket.deal;
        if (deal.ticket != ticket) {
            return;
        }
        deal.ticket = null;
        if (!dealer.returned(ticket.member, deal)) {
            dealer.again(deal);
        }
        removeFromHeld(ticket);
    }

    private void removeFromHeld(Ticket ticket) {
        Set<GroupDeal> deals = held.get(ticket.member);
        if (deals != null) {
            deals.remove(ticket.deal);
            if (deals.isEmpty()) {
                held.remove(ticket.member);
            }
        }
    }
}
