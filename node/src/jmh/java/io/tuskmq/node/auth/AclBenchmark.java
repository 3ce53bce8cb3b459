package io.tuskmq.node.auth;

import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.storage.Access;
import io.tuskmq.storage.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What rules cost each PUBLISH: with topics that a client repeats, and with more of them than are kept. The last rule is the one that allows. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class AclBenchmark {
    private static final int FEW = 16;
    /** Above what {@code ClientRights} keeps. */
    private static final int MANY = 1_024;

    @Param({"0", "10", "1000"})
    private int rules;

    private final Message[] messages = new Message[MANY];
    private ClientRights rights;
    private int next;

    @Setup
    public void make() {
        for (int i = 0; i < MANY; i++) {
            messages[i] = Message.of("site/7/device/" + i + "/state", new byte[100], 1, false);
        }
        RuleBook.Options options = new RuleBook.Options("auto", false, false);
        RuleBook book = new RuleBook(List.of(), options, new Audit(System::currentTimeMillis), new Metrics());
        List<Access.Rule> rows = new ArrayList<>();
        for (int i = 1; i < rules; i++) {
            rows.add(AclText.rule("deny publish site/" + (1_000 + i) + "/+/state")
                    .toRow(i));
        }
        if (rules > 0) {
            rows.add(AclText.rule("allow publish site/#").toRow(rules));
        }
        book.take(new Access.Rules(1, rows));
        Subject alice = new Subject("alice", "client", Address.UNKNOWN);
        rights = new ClientRights(book, alice, List.of(), "alice");
    }

    /** A device's own topics: the answers are kept. */
    @Benchmark
    public boolean repeatedTopic() {
        next = (next + 1) % FEW;
        return rights.mayPublish(messages[next]);
    }

    /** A gateway's: each answer is found by the rules. */
    @Benchmark
    public boolean newTopic() {
        next = (next + 1) % MANY;
        return rights.mayPublish(messages[next]);
    }
}
