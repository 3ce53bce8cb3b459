package io.tuskmq.node.cluster;

/** The node around its membership. Called on the membership's event loop. */
public interface Host {
    /** Whether clients are served; a node that serves none yet takes nobody for dead. */
    boolean isServing();

    /** The lease may be over: clients must go, others may have taken what was theirs. {@link #resume} may follow. */
    void suspend();

    /** The lease is valid again, and was never lost. */
    void resume();

    /** Another node has this one's sessions and lanes. */
    void fenced();

    /** Other nodes have died: their wills may be due. */
    void othersEnded();
}
