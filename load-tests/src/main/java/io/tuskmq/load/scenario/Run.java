package io.tuskmq.load.scenario;

import io.netty.channel.EventLoop;
import io.tuskmq.load.client.Client;
import io.tuskmq.load.client.Events;
import io.tuskmq.load.client.Network;
import io.tuskmq.load.client.Session;
import io.tuskmq.load.client.Target;
import io.tuskmq.load.ledger.Findings;
import io.tuskmq.load.ledger.Ledger;
import io.tuskmq.load.measure.Meters;
import io.tuskmq.load.measure.Processes;
import io.tuskmq.load.measure.Sampler;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/** What a scenario works with: clients, the ledger, the meters, and the phases of the run. */
final class Run {
    private static final long LOOK_MILLIS = 200;

    private final Network network;
    private final Ledger ledger;
    private final Meters meters;
    private final Sampler sampler;
    private final Limits limits;
    private final Map<EventLoop, Ticker> tickers = new ConcurrentHashMap<>();
    private final Map<String, Object> results = new LinkedHashMap<>();
    private final CompletableFuture<Void> failure = new CompletableFuture<>();
    private final LongAdder unsent = new LongAdder();
    private String mainPhase = "load";

    /**
     * @param settleSeconds without a delivery, after which the rest is given up
     * @param connectingMax clients that connect at the same time
     * @param connectRetries how often each connects again, a second after it could not
     */
    record Limits(int settleSeconds, int connectingMax, int connectRetries) {}

    Run(Network network, Ledger ledger, Meters meters, Sampler sampler, Limits limits) {
        this.network = network;
        this.ledger = ledger;
        this.meters = meters;
        this.sampler = sampler;
        this.limits = limits;
    }

    /** The number that its payloads carry. */
    int number() {
        return network.payloads().run();
    }

    /** What its topics and client ids begin with, so that runs don't meet. */
    String prefix() {
        return "load-" + Integer.toHexString(number());
    }

    Ledger ledger() {
        return ledger;
    }

    Meters meters() {
        return meters;
    }

    Processes processes() {
        return sampler.processes();
    }

    Network network() {
        return network;
    }

    int connectingMax() {
        return limits.connectingMax();
    }

    int settleSeconds() {
        return limits.settleSeconds();
    }

    /** Figures of the scenario's own for the report. */
    Map<String, Object> results() {
        return results;
    }

    /** Messages of a fixed rate that were due and could not be sent. */
    LongAdder unsent() {
        return unsent;
    }

    String mainPhase() {
        return mainPhase;
    }

    /** Says which phase's figures stand for the run. */
    void mainPhase(String name) {
        mainPhase = name;
    }

    Client client(int number, Target target, Session session, Events events) {
        return network.client(number, target, session, events);
    }

    Ticker ticker(Client client) {
        return tickers.computeIfAbsent(client.loop(), Ticker::new);
    }

    /** Connects a client and times it; the future tells whether the session was there. */
    CompletableFuture<Boolean> connect(Client client, Target target) {
        return connect(client, target, System.nanoTime());
    }

    /** The same, timed from when it was to begin. */
    CompletableFuture<Boolean> connect(Client client, Target target, long from) {
        return patiently(() -> client.connect(target)).whenComplete((_, problem) -> {
            if (problem == null) {
                meters.counter(Meters.Count.CONNECTED).increment();
                Meters.record(meters.recorder(client.loopIndex(), Meters.Timing.CONNECT), from, System.nanoTime());
            }
        });
    }

    /** Tries again, as clients do that a busy broker has refused; each failure counts. */
    CompletableFuture<Boolean> patiently(Supplier<CompletableFuture<Boolean>> connecting) {
        return attempt(connecting, limits.connectRetries());
    }

    private CompletableFuture<Boolean> attempt(Supplier<CompletableFuture<Boolean>> connecting, int retries) {
        return connecting.get().exceptionallyCompose(problem -> {
            meters.counter(Meters.Count.CONNECT_FAILED).increment();
            if (retries == 0) {
                return CompletableFuture.failedFuture(problem);
            }
            Executor later = CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS);
            return CompletableFuture.completedFuture(retries - 1)
                    .thenComposeAsync(left -> attempt(connecting, left), later);
        });
    }

    /** Lets the run end with this failure. Any thread; the first one counts. */
    void fails(Throwable cause) {
        failure.completeExceptionally(cause);
    }

    void phase(String name) {
        sampler.begin(name, false);
    }

    /** A phase in which what was sent in the one before may arrive. */
    void phaseGoesOn(String name) {
        sampler.begin(name, true);
    }

    void endPhase() {
        sampler.end();
    }

    List<io.tuskmq.load.measure.Phase> phases() {
        return sampler.phases();
    }

    /** Waits so long, and throws when the run fails meanwhile. */
    void pause(double seconds) throws RunFailed, InterruptedException {
        try {
            failure.get((long) (seconds * 1e9), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return; // nothing has failed
        } catch (ExecutionException e) {
            throw RunFailed.because(e);
        }
    }

    /** Waits for what has its end; gives up, returning false, after a settling time without an acknowledgement. */
    boolean await(CompletableFuture<?> end) throws Exception {
        long seen = -1;
        long seenNanos = System.nanoTime();
        while (!end.isDone()) {
            long now = meters.count(Meters.Count.ACKNOWLEDGED) + meters.count(Meters.Count.CONNECTED);
            if (now != seen) {
                seen = now;
                seenNanos = System.nanoTime();
            } else if (System.nanoTime() - seenNanos > TimeUnit.SECONDS.toNanos(limits.settleSeconds())) {
                return false;
            }
            look(CompletableFuture.anyOf(end, failure));
        }
        return true;
    }

    private static void look(CompletableFuture<?> future) throws RunFailed, InterruptedException {
        try {
            future.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return; // not yet
        } catch (ExecutionException e) {
            throw RunFailed.because(e);
        }
    }

    /** Waits until all has arrived that must, or nothing more comes for the settling time. */
    void settle() throws Exception {
        long expected = network.standStill(ledger::expected);
        long seen = -1;
        long seenNanos = System.nanoTime();
        while (true) {
            long now = meters.count(Meters.Count.DELIVERED);
            // The count alone may contain what was delivered, but not acknowledged.
            if (now >= expected && network.standStill(this::hasAll)) {
                return;
            }
            if (now != seen) {
                seen = now;
                seenNanos = System.nanoTime();
            } else if (System.nanoTime() - seenNanos > TimeUnit.SECONDS.toNanos(limits.settleSeconds())) {
                return;
            }
            pause(LOOK_MILLIS / 1e3);
        }
    }

    private boolean hasAll() {
        Findings findings = ledger.findings();
        return findings.lost() + findings.lostQos0() == 0;
    }
}
