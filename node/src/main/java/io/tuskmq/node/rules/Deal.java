package io.tuskmq.node.rules;

/** One message that the group of a shared subscription dealt to a member, as the group knows it. The member's rules only pass it on. */
public interface Deal {}
