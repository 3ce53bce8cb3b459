package io.tuskmq.load.scenario;

import io.tuskmq.load.client.Client;
import io.tuskmq.load.client.Events;
import io.tuskmq.load.client.Session;
import io.tuskmq.load.client.Target;
import io.tuskmq.load.measure.Meters;
import io.tuskmq.load.measure.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.HdrHistogram.Histogram;

/** What a broker gets more of, and keeps. */
sealed interface Grower {
    /** Adds what is missing to this size; returns how many that were. */
    long to(long size) throws Exception;

    /** Looks at some of what was added. */
    default void sample(Map<String, Object> point) throws Exception {}

    static void checkName(String name) {
        if (!List.of("sessions", "filters", "messages").contains(name)) {
            throw new IllegalArgumentException("--of is sessions, filters or messages, not " + name);
        }
    }

    static Grower of(String name, Run run, List<Target> targets, int payloadBytes) {
        checkName(name);
        return switch (name) {
            case "sessions" -> new Sessions(run, targets);
            case "filters" -> new Filters(run, targets);
            default -> new Messages(run, targets, payloadBytes);
        };
    }

    private static Client stored(Run run, List<Target> targets, String id, int number) {
        return run.client(number, targets.get(number % targets.size()), Session.persistent(id), new Events() {});
    }

    /** Sessions that are away, with one subscription each; 100 filters in all, so that filters don't become more. */
    final class Sessions implements Grower {
        private static final int FILTERS = 100;
        private static final int SAMPLE = 200;

        private final Run run;
        private final List<Target> targets;
        private int count;

        Sessions(Run run, List<Target> targets) {
            this.run = run;
            this.targets = targets;
        }

        @Override
        public long to(long size) throws Exception {
            int first = count;
            count = Math.max(first, Math.toIntExact(size));
            Crowd.forEach(count - first, run.connectingMax(), i -> {
                Client client = client(first + i);
                String filter = run.prefix() + "/away/" + (first + i) % FILTERS;
                return run.connect(client, client.target())
                        .thenCompose(_ -> client.subscribe(List.of(filter), 1))
                        .thenCompose(_ -> client.disconnect());
            });
            return (long) count - first;
        }

        private Client client(int number) {
            return stored(run, targets, run.prefix() + "-a" + number, number);
        }

        /** Some of them come back, one after the other, and go. */
        @Override
        public void sample(Map<String, Object> point) throws Exception {
            Histogram micros = Meters.histogram();
            SplittableRandom random = new SplittableRandom();
            run.phase("return " + count);
            for (int i = 0; i < SAMPLE; i++) {
                Client client = client(random.nextInt(count));
                long start = System.nanoTime();
                CompletableFuture<Boolean> known = run.connect(client, client.target());
                if (!run.await(known)) {
                    throw new RunFailed("a session could not come back");
                }
                micros.recordValue((System.nanoTime() - start) / 1_000);
                if (!known.get()) {
                    run.ledger().sessionLost();
                }
                run.await(client.disconnect());
            }
            run.endPhase();
            Map<String, Object> millis = Phase.millis(micros);
            point.put("return_millis_p50", millis.get("p50"));
            point.put("return_millis_p99", millis.get("p99"));
        }
    }

    /** Filters of stored sessions that are away: 1,000 of each. In MQTT 5 nobody asks for retained messages, which are another cost. */
    final class Filters implements Grower {
        private static final int OF_ONE_SESSION = 1_000;
        private static final int IN_ONE_SUBSCRIBE = 100;
        private static final int AT_ONCE = 8;

        private final Run run;
        private final List<Target> targets;
        private int sessions;

        Filters(Run run, List<Target> targets) {
            this.run = run;
            this.targets = targets;
        }

        /** Rounded up to whole sessions. */
        @Override
        public long to(long size) throws Exception {
            int first = sessions;
            sessions = Math.max(first, Math.toIntExact(Math.ceilDiv(size, OF_ONE_SESSION)));
            Crowd.forEach(sessions - first, Math.min(AT_ONCE, run.connectingMax()), i -> {
                Client client = stored(run, targets, run.prefix() + "-f" + (first + i), first + i);
                CompletableFuture<?> all = run.connect(client, client.target());
                for (int from = 0; from < OF_ONE_SESSION; from += IN_ONE_SUBSCRIBE) {
                    List<String> filters = filters(first + i, from);
                    all = all.thenCompose(_ -> client.subscribe(filters, 1, false));
                }
                return all.thenCompose(_ -> client.disconnect());
            });
            return (long) (sessions - first) * OF_ONE_SESSION;
        }

        private List<String> filters(int session, int from) {
            List<String> filters = new ArrayList<>();
            for (int i = from; i < from + IN_ONE_SUBSCRIBE; i++) {
                filters.add(run.prefix() + "/site/" + session + "/device/" + i + "/+");
            }
            return filters;
        }
    }

    /** Stored messages that nobody fetches: each publish is kept under 32 filters, which are the ways to write its topic with wildcards. */
    final class Messages implements Grower {
        private static final int LEVELS = 5;
        private static final int FILTERS = 1 << LEVELS;
        private static final int PUBLISHERS = 16;
        private static final int WINDOW = 100;

        private final Run run;
        private final List<Target> targets;
        private final int payloadBytes;
        private final String topic;
        private long rows;

        Messages(Run run, List<Target> targets, int payloadBytes) {
            this.run = run;
            this.targets = targets;
            this.payloadBytes = payloadBytes;
            this.topic = run.prefix() + "/kept";
        }

        @Override
        public long to(long size) throws Exception {
            if (rows == 0) {
                subscribe();
            }
            int each = Math.toIntExact(Math.ceilDiv(Math.max(0, size - rows), FILTERS * PUBLISHERS));
            List<Publisher> publishers = new ArrayList<>();
            for (int i = 0; i < PUBLISHERS; i++) {
                Publisher publisher = new Publisher(run, Pace.closedLoop(WINDOW).upTo(each));
                var _ = publisher.topic(topic + "/l".repeat(LEVELS), 1, false, payloadBytes);
                String id = run.prefix() + "-k" + i + "-" + size;
                publisher.uses(run.client(i, targets.get(i % targets.size()), Session.clean(id), publisher));
                publishers.add(publisher);
            }
            Crowd.forEach(PUBLISHERS, run.connectingMax(), i -> {
                Client client = publishers.get(i).client();
                return run.connect(client, client.target());
            });
            long now = System.nanoTime();
            publishers.forEach(publisher -> publisher.start(now));
            if (!run.await(CompletableFuture.allOf(
                    publishers.stream().map(Publisher::done).toArray(CompletableFuture<?>[]::new)))) {
                throw new RunFailed("messages were not acknowledged within the settling time");
            }
            Crowd.forEach(
                    PUBLISHERS,
                    run.connectingMax(),
                    i -> publishers.get(i).client().disconnect());
            long added = (long) each * PUBLISHERS * FILTERS;
            rows += added;
            return added;
        }

        private void subscribe() throws Exception {
            List<String> filters = new ArrayList<>();
            for (int bits = 0; bits < FILTERS; bits++) {
                StringBuilder filter = new StringBuilder(topic);
                for (int level = 0; level < LEVELS; level++) {
                    filter.append((bits >> level & 1) == 0 ? "/l" : "/+");
                }
                filters.add(filter.toString());
            }
            Client client = stored(run, targets, run.prefix() + "-keeper", 0);
            if (!run.await(run.connect(client, client.target())
                    .thenCompose(_ -> client.subscribe(filters, 1))
                    .thenCompose(_ -> client.disconnect()))) {
                throw new RunFailed("the session that keeps the messages was not made");
            }
        }
    }
}
