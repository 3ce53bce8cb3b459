package io.tuskmq.node.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.CrashPublisher.Pace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * {@code kill -9} of node and PostgreSQL at random moments under load: nothing that was acknowledged is lost (I1, I2), no QoS 2 message
 * comes twice (I3), order is kept (I6). {@code -Dtuskmq.crash.rounds} and {@code -Dtuskmq.crash.seed} change the run.
 */
class CrashLoadTest {
    private static final int ROUNDS = Integer.getInteger("tuskmq.crash.rounds", 20);
    private static final long SEED = Long.getLong("tuskmq.crash.seed", 20_261_125);
    private static final String ROOT = "load";
    private static final int PUBLISHERS = 3;
    private static final int SUBSCRIBERS = 3;
    private static final int DRAIN_SECONDS = 120;

    @RegisterExtension
    final Brokers brokers = Brokers.perTest();

    private final CrashLedger ledger = new CrashLedger();
    private final List<CrashPublisher> publishers = new ArrayList<>();
    private final List<CrashSubscriber> subscribers = new ArrayList<>();
    private final List<CrashClient> clients = new ArrayList<>();
    private volatile int port;

    @Test
    void nothingAcknowledgedIsLostAndNothingOfQos2ComesTwice() throws IOException, InterruptedException {
        port = brokers.start().mqttPort();
        try {
            startClients();
            Random random = new Random(SEED);
            for (int round = 1; round <= ROUNDS; round++) {
                awaitProgress(random.nextInt(1, 600));
                kill(random.nextInt(4));
                port = brokers.start().mqttPort();
                clients.forEach(CrashClient::brokerIsBack);
                clients.forEach(CrashClient::orThrow);
            }
            awaitProgress(1);
            publishers.forEach(CrashPublisher::finish);
            await("all is acknowledged", () -> publishers.stream().allMatch(CrashPublisher::isFinished));
            await("all is taken", () -> subscribers.stream().allMatch(s -> ledger.hasAll(s.clientId())));
        } finally {
            for (CrashClient client : clients) {
                client.stop();
            }
            System.out.print("crash rounds=" + ROUNDS + " seed=" + SEED + " publishers=" + PUBLISHERS + " subscribers="
                    + SUBSCRIBERS + "\n" + ledger.counts());
        }
        assertEquals(
                List.of(),
                ledger.faults(subscribers.stream().map(CrashClient::clientId).toList()),
                "seed " + SEED);
    }

    private RawClient open() throws IOException {
        return RawMqtt.open(port);
    }

    private void startClients() throws InterruptedException {
        for (int i = 0; i < SUBSCRIBERS; i++) {
            subscribers.add(new CrashSubscriber(ROOT, i, this::open, ledger));
        }
        clients.addAll(subscribers);
        subscribers.forEach(CrashClient::start);
        for (CrashSubscriber subscriber : subscribers) {
            assertTrue(subscriber.subscribed().await(DRAIN_SECONDS, TimeUnit.SECONDS), "subscribed");
        }
        for (int i = 0; i < PUBLISHERS; i++) {
            publishers.add(new CrashPublisher(ROOT, i, this::open, ledger, Pace.FULL));
        }
        clients.addAll(publishers);
        publishers.forEach(CrashClient::start);
    }

    /** A moment is a number of acknowledged messages since the start: it comes under load, however fast the machine is. */
    private void awaitProgress(int messages) throws InterruptedException {
        int from = ledger.acknowledged();
        await("the load goes on", () -> ledger.acknowledged() >= from + messages);
    }

    private void kill(int which) {
        BrokerProcess broker = brokers.current();
        switch (which) {
            case 0 -> broker.killNine();
            case 1 -> broker.killNinePostgresFirst();
            default -> broker.killNineAll();
        }
    }

    /** Gives up waiting after a while: the ledger then says what is missing. */
    private void await(String what, BooleanSupplier condition) throws InterruptedException {
        Semaphore never = new Semaphore(0);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(DRAIN_SECONDS);
        while (!condition.getAsBoolean()) {
            clients.forEach(CrashClient::orThrow);
            if (System.nanoTime() > end) {
                throw new AssertionError("not so: " + what + "; seed " + SEED + "; "
                        + ledger.faults(
                                subscribers.stream().map(CrashClient::clientId).toList()));
            }
            never.tryAcquire(5, TimeUnit.MILLISECONDS);
        }
    }
}
