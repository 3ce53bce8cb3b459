package io.tuskmq.load.scenario;

import io.tuskmq.load.client.Client;
import io.tuskmq.load.client.Incoming;
import io.tuskmq.load.client.Session;
import io.tuskmq.load.client.Target;
import io.tuskmq.load.measure.Meters;
import io.tuskmq.load.measure.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.HdrHistogram.Histogram;

/** The return of sessions that were away, until each has what waited for it. */
final class Return {
    private final Run run;
    private final Backlog backlog;
    private final List<Target> targets;
    private final List<Drained> drained = new ArrayList<>();

    /** One session that drains. */
    private static final class Drained extends Subscriber {
        private final Client client;
        private final long expected;
        private volatile long connectNanos;
        private volatile long doneNanos;

        Drained(Run run, Backlog backlog, int session, Target target) {
            super(run, backlog.receiver(run.ledger(), session), null);
            expected = receiver().expected();
            client = run.client(session, target, Session.persistent(backlog.session(session)), this);
        }

        @Override
        public void delivered(Client client, Incoming message) {
            super.delivered(client, message);
            if (receiver().delivered() == expected) {
                doneNanos = message.nanos();
            }
        }
    }

    Return(Run run, Backlog backlog, List<Target> targets) {
        this.run = run;
        this.backlog = backlog;
        this.targets = targets;
    }

    /** Drains so many sessions in a phase of this name, and adds what it found out. */
    void drain(int sessions, String phase, Map<String, Object> result) throws Exception {
        for (int i = 0; i < sessions; i++) {
            drained.add(new Drained(run, backlog, i, targets.get(i % targets.size())));
        }
        run.phase(phase);
        Crowd.forEach(sessions, run.connectingMax(), i -> {
            Drained session = drained.get(i);
            session.connectNanos = System.nanoTime();
            return run.connect(session.client, session.client.target()).thenAccept(present -> {
                if (!present) {
                    run.ledger().sessionLost();
                }
            });
        });
        run.settle();
        run.endPhase();
        Histogram micros = Meters.histogram();
        for (Drained session : drained) {
            if (session.doneNanos != 0) {
                micros.recordValue(Math.max(0, session.doneNanos - session.connectNanos) / 1_000);
            }
        }
        result.put("sessions_drained", sessions);
        result.put("is_sample", sessions < backlog.sessions());
        result.put("session_drained_after_millis", Phase.millis(micros));
        Crowd.forEach(sessions, run.connectingMax(), i -> drained.get(i).client.disconnect());
    }

    /** Ends all sessions, with what they still had to get. */
    void forgetAll() throws Exception {
        run.phase("forget");
        Crowd.forEach(backlog.sessions(), run.connectingMax(), i -> forget(i));
        run.endPhase();
    }

    private CompletableFuture<Void> forget(int session) {
        Client client = run.client(
                session,
                targets.get(session % targets.size()),
                Session.persistent(backlog.session(session)),
                new io.tuskmq.load.client.Events() {});
        return Traffic.forget(run, client);
    }
}
