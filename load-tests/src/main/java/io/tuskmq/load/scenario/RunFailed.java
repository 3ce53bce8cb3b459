package io.tuskmq.load.scenario;

import java.util.concurrent.ExecutionException;

/** The run could not be finished: a broker that can't be reached, that breaks the protocol, or that is silent. */
public final class RunFailed extends Exception {
    private static final long serialVersionUID = 1;

    RunFailed(String message) {
        super(message);
    }

    RunFailed(String message, Throwable cause) {
        super(message, cause);
    }

    static RunFailed because(ExecutionException problem) {
        Throwable cause = problem.getCause() == null ? problem : problem.getCause();
        return new RunFailed(cause.getMessage() == null ? cause.toString() : cause.getMessage(), cause);
    }
}
