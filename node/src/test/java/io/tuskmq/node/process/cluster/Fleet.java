package io.tuskmq.node.process.cluster;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.CrashClient;
import io.tuskmq.node.process.CrashClient.Entrance;
import io.tuskmq.node.process.CrashLedger;
import io.tuskmq.node.process.CrashLedger.Stream;
import io.tuskmq.node.process.CrashPublisher;
import io.tuskmq.node.process.CrashPublisher.Pace;
import io.tuskmq.node.process.CrashSubscriber;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Load with a ledger: persistent publishers of QoS 1 and 2 and persistent subscribers of all of it, which come back through the entrance
 * to whichever node it leads to. At the end nothing acknowledged may be missing, nothing of QoS 2 doubled, nothing out of order.
 */
public final class Fleet implements AutoCloseable {
    private static final Duration SUBSCRIBED = Duration.ofSeconds(30);
    private static final Duration DRAINED = Duration.ofSeconds(40);
    /** Some 50 messages a second of each publisher: a load under which two cores still do other things. */
    private static final Pace PACE = new Pace(10, 15);
    /** So long a client waits for a word of its broker. */
    private static final long SILENCE_MILLIS_MAX = 5_000;

    private static final long ASK_MILLIS = 500;

    private final String root;
    private final Entrance entrance;
    private final CrashLedger ledger = new CrashLedger(true);
    private final List<CrashPublisher> publishers = new ArrayList<>();
    private final List<CrashSubscriber> subscribers = new ArrayList<>();
    private final List<CrashClient> clients = new CopyOnWriteArrayList<>();
    private final Thread asking;
    private volatile boolean closing;

    private Fleet(String root, Entrance entrance) {
        this.root = root;
        this.entrance = entrance;
        this.asking = Thread.ofPlatform().name(root + "-asks").unstarted(this::ask);
    }

    /**
     * Starts; returns when the subscribers have their subscriptions and the publishers publish.
     *
     * @param root the first level of its topics, and of its client ids: no other load may have it
     */
    static Fleet start(String root, Entrance entrance, int publishers, int subscribers) {
        Fleet fleet = new Fleet(root, entrance);
        try {
            fleet.asking.start();
            fleet.startSubscribers(subscribers);
            for (int i = 0; i < publishers; i++) {
                fleet.publishers.add(fleet.add(new CrashPublisher(root, i, entrance, fleet.ledger, PACE)));
            }
            fleet.publishers.forEach(CrashClient::start);
            fleet.awaitProgress(publishers * 10, SUBSCRIBED);
            return fleet;
        } catch (RuntimeException | AssertionError e) {
            fleet.close();
            throw e;
        }
    }

    private void startSubscribers(int count) {
        for (int i = 0; i < count; i++) {
            subscribers.add(add(new CrashSubscriber(root, i, entrance, ledger)));
        }
        subscribers.forEach(CrashClient::start);
        for (CrashSubscriber subscriber : subscribers) {
            await("subscribed", SUBSCRIBED, () -> subscriber.subscribed().getCount() == 0);
        }
    }

    /** A client that keeps alive with the fleet and ends with it. */
    <C extends CrashClient> C add(C client) {
        clients.add(client);
        return client;
    }

    /** A subscriber of something else, connected to this node, or to any when it is not running. */
    Watcher watch(ClusterNode node, String filter, int qos) {
        String clientId = root + "-watcher-" + clients.size();
        return add(Watcher.start(clientId, () -> node.isRunning() ? node.open() : entrance.open(), filter, qos));
    }

    /** Ends all connections of the load at once, without a DISCONNECT. */
    void drop() throws IOException {
        for (CrashClient client : clients) {
            client.drop();
        }
    }

    String root() {
        return root;
    }

    /** Of all publishers. */
    List<Stream> streams() {
        List<Stream> streams = new ArrayList<>();
        for (int i = 0; i < publishers.size(); i++) {
            streams.add(new Stream(root, i, 1));
            streams.add(new Stream(root, i, 2));
        }
        return streams;
    }

    CrashLedger ledger() {
        return ledger;
    }

    /** Waits until so many more messages are acknowledged. */
    void awaitProgress(int messages, Duration limit) {
        int from = ledger.acknowledged();
        await("the load goes on", limit, () -> ledger.acknowledged() >= from + messages);
    }

    /** Ends the publishing: all that was published is acknowledged. */
    void finishPublishing() {
        publishers.forEach(CrashPublisher::finish);
        await("all is acknowledged", DRAINED, () -> publishers.stream().allMatch(CrashPublisher::isFinished));
    }

    /** Drains, prints the counts and fails when the ledger doesn't balance. */
    void finish() {
        finishPublishing();
        List<String> ids = subscribers.stream().map(CrashClient::clientId).toList();
        await("all is taken", DRAINED, () -> ids.stream().allMatch(ledger::hasAll));
        System.out.print("load " + root + "\n" + ledger.counts());
        List<String> faults = ledger.faults(ids);
        if (!faults.isEmpty()) {
            throw new AssertionError(root + ": " + faults);
        }
        forget();
    }

    private void await(String what, Duration limit, BooleanSupplier condition) {
        Await.until(
                what,
                limit,
                () -> {
                    clients.forEach(CrashClient::orThrow);
                    return condition.getAsBoolean();
                },
                () -> root + "\n" + ledger.counts()
                        + ledger.faults(
                                subscribers.stream().map(CrashClient::clientId).toList()));
    }

    private void ask() {
        Semaphore never = new Semaphore(0);
        try {
            while (!closing) {
                clients.forEach(client -> client.ask(SILENCE_MILLIS_MAX));
                never.tryAcquire(ASK_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Ends the sessions of its clients: the next test's cluster carries nothing along. */
    private void forget() {
        stopAll();
        for (CrashClient client : clients) {
            try (RawClient connection = entrance.open()) {
                connection.send(Packets.connect(client.clientId()));
                connection.readOrEnd();
                connection.send(Packets.DISCONNECT);
            } catch (IOException e) {
                throw new AssertionError("the session of " + client.clientId() + " can't be ended", e);
            }
        }
    }

    private void stopAll() {
        for (CrashClient client : clients) {
            try {
                client.stop();
            } catch (IOException e) {
                throw new AssertionError(client.clientId(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(client.clientId(), e);
            }
        }
    }

    /** Ends all threads and connections. */
    @Override
    public void close() {
        closing = true;
        stopAll();
    }
}
