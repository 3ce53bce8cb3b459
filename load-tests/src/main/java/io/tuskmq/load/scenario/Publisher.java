package io.tuskmq.load.scenario;

import io.tuskmq.load.client.Client;
import io.tuskmq.load.client.Events;
import io.tuskmq.load.client.Flow;
import io.tuskmq.load.client.Outgoing;
import io.tuskmq.load.ledger.Stream;
import io.tuskmq.load.measure.Meters;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.SingleWriterRecorder;
import org.jspecify.annotations.Nullable;

/**
 * One client's sending side. At a fixed rate each message has a time at which it is to be sent, and its latency counts from then: a broker
 * that stands still for a second is charged for all messages of that second (no coordinated omission).
 */
class Publisher implements Events {
    private static final long LOST_ECHO_MILLIS = 1_000;

    private final Run run;
    private final Pace pace;
    private final List<Stream> streams = new ArrayList<>();
    private final List<Flow> flows = new ArrayList<>();
    private final LongAdder sentCount;
    private final LongAdder ackedCount;
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    // Of the event loop, but for the two that subscribers touch.
    private @Nullable Client client;
    private @Nullable SingleWriterRecorder recorder;
    private long sent;
    private long dueNanos;
    private long timedFromNanos = Long.MIN_VALUE;
    private boolean isStarted;
    private boolean isStopped;
    private boolean isTicking;
    private boolean isWatchingEchoes;
    private final AtomicLong echoed = new AtomicLong();
    private volatile boolean isWaitingForEchoes;

    Publisher(Run run, Pace pace) {
        this.run = run;
        this.pace = pace;
        this.sentCount = run.meters().counter(Meters.Count.SENT);
        this.ackedCount = run.meters().counter(Meters.Count.ACKNOWLEDGED);
    }

    /** Adds a topic; its messages go to the topics in turn. */
    Stream topic(String topic, int qos, boolean retain, int payloadBytes) {
        Stream stream = run.ledger().stream(qos);
        streams.add(stream);
        flows.add(new Flow(stream.id(), topic.getBytes(StandardCharsets.UTF_8), qos, retain, payloadBytes));
        return stream;
    }

    /** Adds topics that share one stream: the first messages' numbers are those of their topics. */
    Stream topics(List<String> topics, int qos, boolean retain, int payloadBytes) {
        Stream stream = run.ledger().stream(qos);
        for (String topic : topics) {
            streams.add(stream);
            flows.add(new Flow(stream.id(), topic.getBytes(StandardCharsets.UTF_8), qos, retain, payloadBytes));
        }
        return stream;
    }

    List<Stream> streams() {
        return streams;
    }

    CompletableFuture<Void> done() {
        return done;
    }

    void uses(Client client) {
        this.client = client;
        this.recorder = run.meters().recorder(client.loopIndex(), Meters.Timing.ACKNOWLEDGEMENT);
    }

    Client client() {
        if (client == null) {
            throw new IllegalStateException("no client yet");
        }
        return client;
    }

    /** Begins to send; the first message is due at this time. */
    void start(long firstNanos) {
        client().loop().execute(() -> {
            isStarted = true;
            dueNanos = firstNanos;
            pump();
        });
    }

    /** After a time away that was meant to be: what was due meanwhile is not made up for. On the event loop. */
    void skipTo(long nanos) {
        timedFromNanos = nanos;
        if (dueNanos - nanos < 0) {
            dueNanos = nanos + (pace.intervalNanos() - 1 - (nanos - dueNanos) % Math.max(1, pace.intervalNanos()));
        }
    }

    /** Sends no more. What was due and is not sent counts with the time that it has waited. */
    void stop() {
        client().loop().execute(() -> {
            isStopped = true;
            long now = System.nanoTime();
            if (isStarted && !pace.isClosedLoop() && recorder != null) {
                for (; dueNanos - now < 0 && sent < pace.messagesMax(); dueNanos += pace.intervalNanos()) {
                    Meters.record(recorder, dueNanos, now);
                    run.unsent().increment();
                }
            }
            endIfAllIsAcked();
        });
    }

    /** Sends what may be sent now. */
    private void pump() {
        Client sender = client();
        if (!isStarted || isStopped) {
            endIfAllIsAcked();
            return;
        }
        long now = System.nanoTime();
        boolean hasSent = false;
        while (sent < pace.messagesMax() && mayBeSent(sender)) {
            if (!pace.isClosedLoop() && dueNanos - now > 0) {
                tickAt(dueNanos);
                break;
            }
            send(sender, pace.isClosedLoop() ? now : dueNanos);
            dueNanos += pace.intervalNanos();
            hasSent = true;
        }
        if (hasSent) {
            sender.flush();
        }
        if (sent >= pace.messagesMax()) {
            endIfAllIsAcked();
        }
    }

    private boolean mayBeSent(Client sender) {
        int qos = flows.get((int) (sent % flows.size())).qos();
        if (!sender.hasRoom(qos)) {
            return false;
        }
        if (qos > 0 || !pace.isClosedLoop() || sent - echoed.get() < pace.window()) {
            return true;
        }
        isWaitingForEchoes = true;
        if (sent - echoed.get() < pace.window()) { // one came in between
            isWaitingForEchoes = false;
            return true;
        }
        watchEchoes(sender);
        return false;
    }

    /** QoS 0 may be lost: after a second without an echo nothing more is waited for. */
    private void watchEchoes(Client sender) {
        if (isWatchingEchoes) {
            return;
        }
        isWatchingEchoes = true;
        long seen = echoed.get();
        var _ = sender.loop()
                .schedule(
                        () -> {
                            isWatchingEchoes = false;
                            if (isWaitingForEchoes && echoed.get() == seen) {
                                echoed.set(sent);
                                isWaitingForEchoes = false;
                                pump();
                            } else if (isWaitingForEchoes) {
                                watchEchoes(sender);
                            }
                        },
                        LOST_ECHO_MILLIS,
                        TimeUnit.MILLISECONDS);
    }

    private void send(Client sender, long intendedNanos) {
        int index = (int) (sent % flows.size());
        sent++;
        sentCount.increment();
        Flow flow = flows.get(index);
        if (flow.qos() == 0) {
            ackedCount.increment();
        }
        sender.publish(new Outgoing(flow, streams.get(index).next(), intendedNanos));
    }

    private void tickAt(long nanos) {
        if (!isTicking) {
            isTicking = true;
            run.ticker(client()).at(nanos, () -> {
                isTicking = false;
                pump();
            });
        }
    }

    /** A message with QoS 0 has arrived. Any thread. */
    void echoed() {
        echoed.incrementAndGet();
        if (isWaitingForEchoes) {
            isWaitingForEchoes = false;
            client().loop().execute(this::pump);
        }
    }

    private void endIfAllIsAcked() {
        if ((isStopped || sent >= pace.messagesMax()) && client().inFlight() == 0) {
            done.complete(null);
        }
    }

    private Stream streamOf(Outgoing message) {
        return streams.get(message.flow().stream() - streams.getFirst().id());
    }

    @Override
    public void acknowledged(Client client, Outgoing message) {
        streamOf(message).acked(message.number());
        ackedCount.increment();
        if (recorder != null && (timedFromNanos == Long.MIN_VALUE || message.intendedNanos() - timedFromNanos >= 0)) {
            Meters.record(recorder, message.intendedNanos(), System.nanoTime());
        }
    }

    @Override
    public void refused(Client client, Outgoing message, int reason) {
        streamOf(message).refused();
    }

    @Override
    public void resent(Client client, Outgoing message) {
        streamOf(message).resent(message.number());
    }

    @Override
    public void abandoned(Client client, Outgoing message) {
        streamOf(message).abandoned();
    }

    @Override
    public void room(Client client) {
        pump();
    }

    @Override
    public void closed(Client client, Throwable cause) {
        run.meters().counter(Meters.Count.DISCONNECTED).increment();
        run.fails(cause);
    }
}
