package io.tuskmq.load.scenario;

import io.netty.util.collection.IntObjectHashMap;
import io.tuskmq.load.client.Client;
import io.tuskmq.load.client.Events;
import io.tuskmq.load.client.Incoming;
import io.tuskmq.load.ledger.Receiver;
import io.tuskmq.load.measure.Meters;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.HdrHistogram.SingleWriterRecorder;
import org.jspecify.annotations.Nullable;

/** One session's receiving side: tells the ledger what came, and times it. */
class Subscriber implements Events {
    private final Run run;
    private final Receiver receiver;
    private final @Nullable ReentrantLock groupLock;
    private final LongAdder delivered;
    private final IntObjectHashMap<Publisher> echoes = new IntObjectHashMap<>();
    private @Nullable SingleWriterRecorder recorder;
    private long timedFromNanos = Long.MIN_VALUE;

    /** @param groupLock held while the receiver is told, when other sessions share it */
    Subscriber(Run run, Receiver receiver, @Nullable ReentrantLock groupLock) {
        this.run = run;
        this.receiver = receiver;
        this.groupLock = groupLock;
        this.delivered = run.meters().counter(Meters.Count.DELIVERED);
    }

    /** That publisher waits in a closed loop of QoS 0 for what arrives here. */
    void echoesTo(Publisher publisher) {
        publisher.streams().forEach(stream -> echoes.put(stream.id(), publisher));
    }

    /** What arrives is timed, by the clock of its publisher. */
    void times(Client client) {
        recorder = run.meters().recorder(client.loopIndex(), Meters.Timing.DELIVERY);
    }

    /** What was to be sent before is not timed: it had to wait for a receiver that was away on purpose. On the event loop. */
    void timesFrom(long nanos) {
        timedFromNanos = nanos;
    }

    Receiver receiver() {
        return receiver;
    }

    @Override
    public void delivered(Client client, Incoming message) {
        if (!message.isOf(run.number())) {
            unknown(message);
            return;
        }
        int stream = message.stream();
        boolean isFirst;
        if (groupLock == null) {
            isFirst = receiver.received(stream, message.number(), message.dup());
        } else {
            groupLock.lock();
            try {
                isFirst = receiver.received(stream, message.number(), message.dup());
            } finally {
                groupLock.unlock();
            }
        }
        if (isFirst) {
            delivered.increment();
            if (recorder != null
                    && (timedFromNanos == Long.MIN_VALUE || message.intendedNanos() - timedFromNanos >= 0)) {
                Meters.record(recorder, message.intendedNanos(), message.nanos());
            }
            Publisher publisher = echoes.get(stream);
            if (publisher != null) {
                publisher.echoed();
            }
        }
    }

    /** A message without the head of this run's payloads. */
    void unknown(Incoming message) {
        receiver.foreign();
    }

    @Override
    public void closed(Client client, Throwable cause) {
        run.meters().counter(Meters.Count.DISCONNECTED).increment();
        run.fails(cause);
    }
}
