package io.tuskmq.node.rules;

/** One message that the group of a shared subscription dealt to a member, as the group knows it. The member's rules only pass it on. */
public interface Deal {
    /** The group's session; 0 when it is not stored. */
    long groupId();

    /** The claim of the group's session under which it was dealt: in a later one it can't be taken over. */
    long groupEpoch();
}
