package io.tuskmq.load.scenario;

import io.tuskmq.load.client.Client;
import io.tuskmq.load.client.Flow;
import io.tuskmq.load.client.Incoming;
import io.tuskmq.load.client.Outgoing;
import io.tuskmq.load.client.Session;
import io.tuskmq.load.client.Target;
import io.tuskmq.load.ledger.Receiver;
import io.tuskmq.load.measure.Meters;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * One person in a chat: a session that the broker keeps, subscriptions to rooms, a retained presence with a will that ends it. When the
 * connection breaks it comes back by itself, to the next target. All but the constructor and futures is of the client's event loop.
 */
final class User extends Subscriber {
    private static final int BACKOFF_MILLIS = 50;
    private static final int BACKOFF_MILLIS_MAX = 1_000;

    private final Chatting chat;
    private final Publisher publisher;
    private final Client client;
    private final byte[] presenceTopic;
    private final List<String> filters = new ArrayList<>();
    private boolean isAway;
    private boolean hasSession;
    private int target;
    private long brokenNanos;

    User(Chatting chat, int number, Receiver receiver, Publisher publisher) {
        super(chat.run(), receiver, null);
        this.chat = chat;
        this.publisher = publisher;
        this.target = number;
        String presence = chat.presenceTopic(number);
        this.presenceTopic = presence.getBytes(StandardCharsets.UTF_8);
        Session.Will will = new Session.Will(presence, Chatting.OFFLINE, 1, true);
        Session session = new Session(chat.run().prefix() + "-u" + number, false, will);
        this.client = chat.run().client(number, chat.target(target), session, this);
        publisher.uses(client);
        times(client);
    }

    void subscribesTo(String filter) {
        filters.add(filter);
    }

    Publisher publisher() {
        return publisher;
    }

    Client client() {
        return client;
    }

    /** Comes in for the first time; as later, a target that doesn't answer is no reason to give up at once. */
    CompletableFuture<Void> arrive(long secondsMax) {
        CompletableFuture<Void> arrived = new CompletableFuture<>();
        client.loop().execute(() -> mend(arrived, BACKOFF_MILLIS));
        return arrived.orTimeout(secondsMax, TimeUnit.SECONDS);
    }

    private CompletableFuture<Void> comeIn() {
        Target to = chat.target(target);
        return chat.run().connect(client, to).thenComposeAsync(this::cameIn, client.loop());
    }

    private CompletableFuture<Void> cameIn(boolean present) {
        isAway = false;
        if (hasSession && !present) {
            chat.run().ledger().sessionLost();
        }
        if (hasSession && present) {
            online();
            return CompletableFuture.completedFuture(null);
        }
        return client.subscribe(filters, 1).thenRun(() -> {
            hasSession = true;
            online();
        });
    }

    private void online() {
        if (client.hasRoom(1)) {
            client.publish(new Outgoing(Flow.fixed(presenceTopic, 1, true, Chatting.ONLINE), 0, System.nanoTime()));
            client.flush();
        }
    }

    /** Goes on purpose, with a farewell or without: then the will says it. */
    CompletableFuture<Void> goAway(boolean withFarewell) {
        CompletableFuture<Void> gone = new CompletableFuture<>();
        client.loop().execute(() -> {
            if (!client.isConnected()) {
                gone.complete(null); // a broken connection is being mended: it stays
                return;
            }
            isAway = true;
            if (withFarewell && client.hasRoom(1)) {
                client.publish(
                        new Outgoing(Flow.fixed(presenceTopic, 1, true, Chatting.OFFLINE), 0, System.nanoTime()));
                client.flush();
            }
            var _ = (withFarewell ? client.disconnect() : client.drop()).thenRun(() -> gone.complete(null));
        });
        return gone;
    }

    /** Comes back from being away, at the next target. Whoever is not away stays. */
    CompletableFuture<Void> comeBack() {
        CompletableFuture<Void> back = new CompletableFuture<>();
        client.loop().execute(() -> {
            if (!isAway) {
                back.complete(null);
                return;
            }
            target++;
            long now = System.nanoTime();
            timesFrom(now);
            publisher.skipTo(now);
            mend(back, BACKOFF_MILLIS);
        });
        return back;
    }

    /** Tries until it is in, each time at the next target. */
    private void mend(CompletableFuture<Void> done, int backoffMillis) {
        if (client.isConnected()) {
            done.complete(null); // another attempt was faster
            return;
        }
        var _ = comeIn().whenComplete((_, problem) -> {
            if (problem == null) {
                done.complete(null);
                return;
            }
            target++;
            var _ = client.loop()
                    .schedule(
                            () -> mend(done, Math.min(backoffMillis * 2, BACKOFF_MILLIS_MAX)),
                            backoffMillis,
                            TimeUnit.MILLISECONDS);
        });
    }

    @Override
    public void connected(Client connected, boolean sessionPresent) {
        receiver().reconnected(); // before the first message that may come again
    }

    @Override
    public void closed(Client closed, Throwable cause) {
        chat.run().meters().counter(Meters.Count.DISCONNECTED).increment();
        brokenNanos = System.nanoTime();
        target++;
        CompletableFuture<Void> mended = new CompletableFuture<>();
        mend(mended, BACKOFF_MILLIS);
        var _ = mended.thenRun(() -> chat.mended(System.nanoTime() - brokenNanos));
    }

    @Override
    void unknown(Incoming message) {
        chat.presence().increment();
    }

    @Override
    public void acknowledged(Client sender, Outgoing message) {
        if (message.flow().stream() >= 0) {
            publisher.acknowledged(sender, message);
        }
    }

    @Override
    public void refused(Client sender, Outgoing message, int reason) {
        if (message.flow().stream() >= 0) {
            publisher.refused(sender, message, reason);
        }
    }

    @Override
    public void resent(Client sender, Outgoing message) {
        if (message.flow().stream() >= 0) {
            publisher.resent(sender, message);
        }
    }

    @Override
    public void abandoned(Client sender, Outgoing message) {
        if (message.flow().stream() >= 0) {
            publisher.abandoned(sender, message);
        }
    }

    @Override
    public void room(Client sender) {
        publisher.room(sender);
    }
}
