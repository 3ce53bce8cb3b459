package io.tuskmq.node.training;

import io.tuskmq.node.training.TrainingClient.Login;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A short load of everything that clients usually do, often enough that Java compiles what is hot. What it does is what a cache that is made
 * from it makes fast; it checks nothing but that the broker answers.
 */
public final class TrainingLoad {
    private static final int WORKERS = 8;
    /** Each is four connections or five. */
    public static final int VISITS_PER_WORKER = 100;

    private static final String SHARED_TOPIC = "training/shared";
    private static final int STREAM_MESSAGES_PER_VISIT = 50;
    private static final int STREAM_OPEN_MAX = 100;

    private final InetSocketAddress broker;
    private final int visits;

    private TrainingLoad(InetSocketAddress broker, int visits) {
        this.broker = broker;
        this.visits = visits;
    }

    /**
     * Runs it all; blocking.
     *
     * @param visits of each worker: the measure of the load
     * @throws IOException when the broker refuses, breaks the protocol or is silent
     */
    public static void run(InetSocketAddress broker, int visits) throws IOException {
        TrainingLoad load = new TrainingLoad(broker, visits);
        List<Callable<Void>> workers = new ArrayList<>();
        for (int worker = 0; worker < WORKERS; worker++) {
            workers.add(load.visits(worker));
        }
        together(workers);
        for (boolean isV5 : new boolean[] {false, true}) {
            for (int qos = 0; qos <= 2; qos++) {
                together(List.of(load.stream(isV5, qos, true), load.stream(isV5, qos, false)));
            }
        }
    }

    private Callable<Void> visits(int worker) {
        return () -> {
            try (TrainingClient member = member(worker)) {
                for (int visit = 0; visit < visits; visit++) {
                    boolean isV5 = visit % 2 == 1;
                    clean(new Login("clean-" + worker, isV5, true, visit % 4 == 0), visit);
                    stored(new Login("stored-" + worker, isV5, false, visit % 4 == 0), visit);
                    member.publish(SHARED_TOPIC, 1, false, TrainingClient.payload(visit));
                    member.awaitAcknowledged(0);
                }
            }
            return null;
        };
    }

    /** One of a group: it publishes to it, and gets what it is dealt. */
    private TrainingClient member(int worker) throws IOException {
        TrainingClient client = new TrainingClient(broker, new Login("member-" + worker, worker % 2 == 1, true, false));
        client.subscribe("$share/training/" + SHARED_TOPIC, 1);
        return client;
    }

    /** A clean session that hears itself, and a retained message; every fourth one has a will that is published. */
    private void clean(Login login, int visit) throws IOException {
        TrainingClient client = new TrainingClient(broker, login);
        String topic = TrainingClient.topicOf(login.clientId());
        client.subscribe(topic, visit % 3);
        client.publish(topic, 0, false, TrainingClient.payload(visit));
        client.publish(topic, 1, false, TrainingClient.payload(visit));
        client.publish(topic, 1, true, TrainingClient.payload(visit));
        client.awaitAcknowledged(0); // a clean session may hear itself before the commit
        client.subscribe(topic + "/#", 1); // it is sent the retained one
        client.awaitReceived(4);
        if (login.hasWill()) {
            client.vanish();
        } else {
            client.close();
        }
    }

    /** A stored session that misses messages of all kinds, and finds them when it is back; then it ends. */
    private void stored(Login login, int visit) throws IOException {
        String topic = TrainingClient.topicOf(login.clientId()) + "/" + visit % 10;
        try (TrainingClient client = new TrainingClient(broker, login)) {
            client.subscribe(TrainingClient.topicOf(login.clientId()) + "/+", 2);
            client.publish(topic, 1, false, TrainingClient.payload(visit));
            client.publish(topic, 2, false, TrainingClient.payload(visit));
            client.awaitReceived(2);
            client.awaitAcknowledged(0);
        }
        Login sender = new Login(login.clientId() + "-sender", login.isV5(), true, false);
        try (TrainingClient client = new TrainingClient(broker, sender)) {
            client.publish(topic, 1, false, TrainingClient.payload(visit));
            client.publish(topic, 2, false, TrainingClient.payload(visit));
            client.awaitAcknowledged(0);
        }
        try (TrainingClient client = new TrainingClient(broker, login)) {
            client.awaitReceived(2);
        }
        if (visit % 10 == 9) {
            new TrainingClient(broker, new Login(login.clientId(), login.isV5(), true, false)).close();
        }
    }

    /** One publisher and one subscriber, as fast as they can. */
    private Callable<Void> stream(boolean isV5, int qos, boolean isClean) {
        return () -> {
            String topic = "training/streams/" + qos + "/" + isClean;
            try (TrainingClient subscriber =
                            new TrainingClient(broker, new Login("subscriber-" + isClean, isV5, isClean, false));
                    TrainingClient publisher =
                            new TrainingClient(broker, new Login("publisher-" + isClean, isV5, isClean, false))) {
                subscriber.subscribe(topic, qos);
                int messages = visits * STREAM_MESSAGES_PER_VISIT;
                for (int sent = 1; sent <= messages; sent++) {
                    publisher.publish(topic, qos, false, TrainingClient.payload(sent));
                    if (sent % STREAM_OPEN_MAX == 0) {
                        publisher.awaitAcknowledged(STREAM_OPEN_MAX);
                        subscriber.awaitReceived(sent - STREAM_OPEN_MAX);
                    }
                }
                publisher.awaitAcknowledged(0);
                subscriber.awaitReceived(messages);
            }
            return null;
        };
    }

    private static void together(List<Callable<Void>> parts) throws IOException {
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().name("training-", 0).factory())) {
            for (Future<Void> part : threads.invokeAll(parts)) {
                part.get();
            }
        } catch (ExecutionException e) {
            throw new IOException("the training load failed: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("the training load was interrupted", e);
        }
    }
}
