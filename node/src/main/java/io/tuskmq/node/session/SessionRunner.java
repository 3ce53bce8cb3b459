package io.tuskmq.node.session;

import io.tuskmq.node.rules.Deal;
import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.LazyQueue;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.rules.Session;
import io.tuskmq.node.rules.SessionLimits;
import io.tuskmq.node.rules.SessionStart;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.Append;
import io.tuskmq.storage.LaneWriter;
import io.tuskmq.storage.LogReader;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Store;
import io.vertx.core.Future;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One session with a connection: brings events to its rules and carries out their effects, in order. Lives on the connection's event
 * loop, as does all its state. It reads no more from its client while too much of what the client sent is not stored.
 */
final class SessionRunner extends Receiver implements Member, StoreCalls.Owner {
    /** Who this is: what the claim said. {@code willId} 0 = none; {@code publisher} marks its messages (no-local). */
    record Identity(String clientId, long sessionId, long epoch, long willId, long publisher) {}

    private static final Logger LOG = LoggerFactory.getLogger(SessionRunner.class);
    /** Requests to the store and publishes of one client that may be unanswered before its socket rests. */
    private static final int OUTSTANDING_MAX = 1_000;

    private final Broker broker;
    private final Shard shard;
    private final Connection connection;
    private final Identity identity;
    private final Session session;
    private final SessionStart.Client client;
    private final LaneWriter lane;
    private final StoreCalls calls;
    private final SubscriptionWriter subscriptions;
    private final PublisherRest rest;
    /** Made when they are needed: many clients only publish, or keep nothing. */
    private @Nullable RetainedReader retained;

    private @Nullable CheckpointWriter checkpoints;

    private final JoinedGroups joinedGroups = new JoinedGroups();
    private final LazyQueue<Event> waiting = new LazyQueue<>();

    private boolean busy;
    private boolean goesOn;
    /** Read by groups on their shards too. */
    private volatile boolean ended;

    private int outstanding;
    private boolean restingForAnswers;

    SessionRunner(
            Broker broker,
            Shard shard,
            Connection connection,
            Identity identity,
            SessionStart start,
            SessionLimits limits) {
        this.broker = broker;
        this.shard = shard;
        this.connection = connection;
        this.identity = identity;
        this.session = new Session(limits, identity.sessionId(), start);
        this.client = start.client();
        this.lane = broker.router().laneOf(identity.clientId());
        this.calls = new StoreCalls(shard, this);
        this.subscriptions = new SubscriptionWriter(this, broker, calls);
        this.rest = new PublisherRest(this, broker.router());
    }

    Identity identity() {
        return identity;
    }

    Shard shard() {
        return shard;
    }

    Connection connection() {
        return connection;
    }

    @Override
    public boolean isEnded() {
        return ended;
    }

    Broker broker() {
        return broker;
    }

    @Override
    public boolean isStored() {
        return session.isStored();
    }

    @Override
    public int receiveMax() {
        return client.receiveMax();
    }

    @Override
    public boolean deal(Ticket ticket, Subscription subscription) {
        GroupDeal deal = ticket.deal;
        deal(ticket, deal.logId, deal.filterId, deal.message, subscription);
        return true;
    }

    /** A group deals it a message; one that has ended sends it back. From any thread. */
    void deal(HeldDeal deal, long logId, long filterId, Message message, Subscription subscription) {
        shard.post(() -> {
            if (ended) {
                deal.returned();
            } else {
                on(new Event.Dealt(deal, logId, filterId, message, subscription, shard.nowMillis()));
            }
        });
    }

    /** Lets the session go on where it was. */
    void start() {
        shard.add(this);
        on(new Event.Started(shard.nowMillis()));
    }

    /** Ends it: no more events, no more routes. Completes with what is to be stored, when no older checkpoint is on its way. */
    Future<Sessions.Checkpoint> end() {
        raiseWatermark(shard, session);
        ended = true;
        shard.remove(this);
        broker.groups().gone(this, joinedGroups.keys());
        for (Subscription subscription : session.subscriptions()) {
            if (!subscription.shared()) {
                removeRoute(subscription);
            }
        }
        return checkpoints().end(joinedGroups.keys());
    }

    @Override
    void on(Event event) {
        if (ended) {
            return;
        }
        if (busy) { // an effect of an event brought another one: after it
            waiting.add(event);
            return;
        }
        busy = true;
        try {
            for (Event next = event; next != null && !ended; next = waiting.poll()) {
                for (Effect effect : session.on(next)) {
                    perform(effect);
                }
            }
        } catch (RuntimeException | AssertionError e) {
            LOG.error("client={} a fault of the broker ends the connection", identity.clientId(), e);
            connection.close(ReasonCodes.IMPLEMENTATION_ERROR, "a fault of the broker");
        } finally {
            busy = false;
        }
        if (session.hasMore() && !goesOn && connection.isWritable()) {
            goesOn = true; // a portion was sent: others have their turn before the next one
            shard.post(this::goOn);
        }
    }

    /** If the channel can't take more by now, its writability will be told, or a tick comes. */
    private void goOn() {
        goesOn = false;
        if (connection.isWritable()) {
            on(new Event.Writable(true, shard.nowMillis()));
        }
    }

    @Override
    void tick(Event tick) {
        waiting.trim();
        raiseWatermark(shard, session);
        on(tick);
    }

    private void perform(Effect effect) {
        Store store = broker.store();
        switch (effect) {
            case Effect.Disconnect(int reason, String why) -> connection.close(reason, why);
            case Effect.ToClient packet -> send(packet);
            case Effect.Route route -> publish(route);
            case Effect.AddRoute(Subscription subscription) -> addRoute(subscription);
            case Effect.RemoveRoute(Subscription subscription) -> removeRoute(subscription);
            case Effect.AwaitRoutes(long number) ->
                RouteQuestion.ask(joinedGroups.routesApplied(broker.router().peers()), shard, number, this::on);
            case Effect.SendRetained(Subscription subscription) -> retained().begin(subscription, "");
            case Effect.ContinueRetained(Subscription subscription, String after) ->
                retained().begin(subscription, after);
            case Effect.MoreRetained(Subscription subscription) -> retained().more(subscription);
            case Effect.ForgetReceipt(int packetId) -> forgetReceipt(packetId);
            case Effect.Checkpoint checkpoint -> checkpoints().write(checkpoint);
            case Effect.StoreSubscriptions(int packetId, List<Subscription> wanted) ->
                subscriptions.store(packetId, wanted);
            case Effect.DeleteSubscriptions(int packetId, List<Subscription> keys) ->
                subscriptions.delete(packetId, keys);
            case Effect.Fetch(List<LogReader.Position> positions) ->
                ask(() -> store.log().fetch(positions), messages -> on(new Event.Fetched(messages, shard.nowMillis())));
            case Effect.ReadLog(List<LogReader.Range> ranges, int limit) -> readLog(ranges, limit);
            case Effect.DealSettled(Deal deal) -> ((HeldDeal) deal).settled();
            case Effect.DealTaken(Deal deal) -> ((HeldDeal) deal).taken();
            case Effect.DealReturned(Deal deal) -> ((HeldDeal) deal).returned();
            case Effect.ForgetTaken taken -> throw new IllegalStateException("a client is no group");
            case Effect.Audit audit -> ShardAudit.perform(audit, this);
            case Effect.Dropped(int messages, Effect.Dropped.Reason reason) ->
                broker.counters().dropped(reason, messages);
        }
    }

    private RetainedReader retained() {
        RetainedReader made = retained;
        if (made == null) {
            made = new RetainedReader(this, broker.store(), broker.sysTopics(), lane);
            retained = made;
        }
        return made;
    }

    private CheckpointWriter checkpoints() {
        CheckpointWriter made = checkpoints;
        if (made == null) {
            made = new CheckpointWriter(this, session, broker);
            checkpoints = made;
        }
        return made;
    }

    private void send(Effect.ToClient packet) {
        if (packet instanceof Effect.SendPublish publish) {
            broker.counters().publishSent(publish.qos());
        }
        connection.send(packet);
    }

    private void addRoute(Subscription subscription) {
        if (subscription.shared()) {
            joins(subscription);
            Future<Void> joined = broker.groups().join(this, subscription);
            if (!isStored()) {
                joinedGroups.awaits(joined);
            }
        } else {
            broker.router().liveRoutes().add(shard, this, subscription);
        }
    }

    private void removeRoute(Subscription subscription) {
        if (subscription.shared()) {
            broker.groups().leave(this, subscription);
        } else {
            broker.router().liveRoutes().remove(shard, this, subscription.filter());
        }
    }

    // --- publishing

    private void publish(Effect.Route route) {
        Message whole = route.message().from(identity.publisher());
        boolean overQuota = broker.quotas().log().isExceededBy(whole, broker.router());
        boolean notRetained = broker.quotas().retained().refuses(whole);
        if (notRetained || (overQuota && client.isV5())) {
            broker.counters().refused(overQuota);
            on(new Event.QuotaExceeded(route.packetId(), whole.qos()));
            return;
        }
        Message message = broker.quotas().retained().kept(whole);
        broker.counters().publishReceived(message.qos());
        boolean stored = message.qos() > 0 || message.retain();
        long nodes;
        if (!stored) {
            nodes = broker.router().publishAtMostOnce(message);
        } else {
            Append.Receipt receipt = route.withReceipt()
                    ? new Append.Receipt(identity.sessionId(), identity.epoch(), calls.nextNumber(), route.packetId())
                    : null;
            asked();
            nodes = broker.router().publish(new ClientPublication(this, route.packetId(), message, receipt), lane);
        }
        rest.published(
                overQuota
                        || (stored
                                ? broker.router().isFull(lane)
                                : broker.router().isCongested()),
                nodes);
    }

    /** The broker has room again, or may have. */
    void brokerHasRoom() {
        if (!ended) {
            rest.look(!client.isV5() && broker.quotas().log().isExceeded());
        }
    }

    // --- the store

    private void forgetReceipt(int packetId) {
        long number = calls.nextNumber();
        write(
                () -> broker.store().sessions().forgetReceipt(identity.sessionId(), identity.epoch(), number, packetId),
                () -> on(new Event.ReceiptForgotten(packetId)));
    }

    /** It becomes a member of the subscription's group. */
    void joins(Subscription subscription) {
        joinedGroups.add(subscription);
    }

    List<Subscription> allSubscriptions() {
        return session.subscriptions();
    }

    /** Whether the session has just this subscription, unchanged. */
    boolean has(Subscription subscription) {
        return !ended && session.subscriptions().contains(subscription);
    }

    private void readLog(List<LogReader.Range> ranges, int limit) {
        calls.once(
                () -> broker.store().log().read(ranges, limit),
                page -> on(new Event.PageRead(page, shard.nowMillis())),
                () -> on(new Event.ReadFailed()));
    }

    long nextNumber() {
        return calls.nextNumber();
    }

    /** A write that answers whether the session is still ours. */
    void write(Supplier<Future<Boolean>> write, Runnable done) {
        ask(write, held -> {
            if (held) {
                done.run();
            } else {
                lost();
            }
        });
    }

    /** Asks the store until it answers or the session ends. */
    <T> void ask(Supplier<Future<T>> ask, Consumer<T> answer) {
        asked();
        calls.ask(ask, value -> {
            answered();
            answer.accept(value);
        });
    }

    @Override
    public void failedForGood(Throwable failure) {
        LOG.error("client={} the store failed for good; the connection ends", identity.clientId(), failure);
        connection.close(ReasonCodes.UNSPECIFIED_ERROR, "internal error");
    }

    /** The session belongs to a newer connection, perhaps on another node. */
    void lost() {
        connection.close(ReasonCodes.SESSION_TAKEN_OVER, "session taken over");
    }

    void asked() {
        if (++outstanding == OUTSTANDING_MAX && !restingForAnswers) {
            restingForAnswers = true;
            connection.pauseReading();
        }
    }

    void answered() {
        if (--outstanding <= OUTSTANDING_MAX / 2 && restingForAnswers && !ended) {
            restingForAnswers = false;
            connection.resumeReading();
        }
    }
}
