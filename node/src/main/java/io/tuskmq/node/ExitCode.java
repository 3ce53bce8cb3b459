package io.tuskmq.node;

/** What a process of ours ends with. The table in the README is tested against this one. */
public enum ExitCode {
    OK(0, "Done; for `start`: stopped by SIGTERM or SIGINT, and everything was shut down cleanly."),
    FAILURE(1, "A fault that has no code of its own; the log says which."),
    SETTINGS(2, "Wrong command, unknown setting, or a value out of bounds; the message names it and what is allowed."),
    DATABASE_UNREACHABLE(3, "The database could not be reached within `database.start-timeout-seconds`."),
    DATABASE_REFUSED(
            4,
            "The database refused the user or has no such database, the schema could not be migrated, or it is newer than this release knows."),
    EMBEDDED_DATABASE(
            5, "The embedded PostgreSQL did not start: its directory is in use, damaged or of another version."),
    ADDRESS(6, "An address could not be listened on: in use, or not of this machine."),
    LEASE_LOST(
            7,
            "Another node was started under this one's name while this one stood still or was cut off; clients were dropped, nothing was lost. Give each node a name of its own."),
    JOIN(8, "Nodes that are alive could not be joined within `cluster.join-timeout-seconds`; the message names them."),
    NAME_TAKEN(
            9,
            "A node that runs has this one's name (`node.name`) already; it was left alone. Give each node a name of its own.");

    private final int code;
    private final String meaning;

    ExitCode(int code, String meaning) {
        this.code = code;
        this.meaning = meaning;
    }

    public int code() {
        return code;
    }

    public String meaning() {
        return meaning;
    }
}
