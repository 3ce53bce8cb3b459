package io.tuskmq.node.session;

import io.tuskmq.node.rules.Claimant;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.ReasonCodes;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Who is connected here. Takes connections in, one at a time for each client id: the older connection of the same client is ended
 * and released first (I5), then the session is claimed and starts. After that each packet goes to its session.
 *
 * <p>The maps are touched from all event loops; a {@link Client} belongs to its connection's.
 */
public final class Directory implements ConnectionHandler {
    /** How long a new connection waits until the older one has stored what it leaves. */
    private static final long TAKEOVER_MILLIS = 2_000;

    private static final long TAKE_AGAIN_MILLIS = 1_000;
    /** While Hazelcast is split, which may last: the other half's nodes are asked at each CONNECT. */
    private static final long TAKE_SPLIT_AGAIN_MILLIS = 10_000;

    private static final long DRAIN_MILLIS = 100;
    private static final int DRAIN_PORTION_MIN = 20;

    private final Vertx vertx;
    private final Shards shards;
    private final ClientSessions sessions;
    private final ClientIds ids;
    private final SessionCounters counters;
    private final Map<Connection, Client> clients = new ConcurrentHashMap<>();
    /** Those that have their turn and no session yet. */
    private final Map<String, Client> opening = new ConcurrentHashMap<>();

    private final Map<String, Client> byClientId = new ConcurrentHashMap<>();
    private final ClientTurns turns = new ClientTurns();
    /** Why no client is taken in; empty while clients are. */
    private volatile Optional<Refusal> refusal = Optional.empty();

    /** What clients are told that can't be served now. */
    public record Refusal(int reason, String why) {}

    public Directory(Vertx vertx, Shards shards, ClientSessions sessions, ClientIds ids, SessionCounters counters) {
        this.vertx = vertx;
        this.shards = shards;
        this.sessions = sessions;
        this.ids = ids;
        this.counters = counters;
    }

    @Override
    public void connect(Connection connection, ConnectPacket packet) {
        Optional<Refusal> refused = refusal;
        if (refused.isPresent()) {
            connection.reject(refused.get().reason(), refused.get().why());
            return;
        }
        sessions.admit(connection, packet).ifPresent(admitted -> {
            Client client = new Client(connection, packet, shards.of(connection.context()), admitted);
            clients.put(connection, client);
            turns.begin(client.clientId()).onSuccess(turn -> client.shard().post(() -> takeTurn(client)));
        });
    }

    private void takeTurn(Client client) {
        Client here = byClientId.get(client.clientId());
        if (here != null && !here.yieldsTo(client.claimant())) {
            ClientSessions.rejectAnothers(client);
            turns.end(client.clientId());
            return;
        }
        opening.put(client.clientId(), client);
        Future<ClientIds.Taken> taken = ids.take(client.claimant(), client::placed);
        taken.onSuccess(mine -> number(client, mine));
        Future.join(endOlder(client), taken)
                .onComplete(done -> client.shard().post(() -> open(client, taken.result())));
    }

    /** A connection that the other nodes don't find yet is made known later: until then they ask for every id. */
    private void number(Client client, ClientIds.Taken taken) {
        client.number(taken.number());
        if (!taken.settled()) {
            vertx.setTimer(
                    taken.number() < 0 ? TAKE_AGAIN_MILLIS : TAKE_SPLIT_AGAIN_MILLIS, timer -> takeAgain(client));
        }
    }

    private void takeAgain(Client client) {
        if (!clients.containsKey(client.connection())) {
            return;
        }
        ids.again(client.claimant(), client.number()).onSuccess(taken -> {
            if (!clients.containsKey(client.connection())) {
                ids.leave(client.claimant(), taken.number());
                return;
            }
            number(client, taken);
            if (taken.answer() == ClientIds.Answer.NEWER || taken.answer() == ClientIds.Answer.ANOTHERS) {
                end(client);
            }
        });
    }

    private void open(Client client, ClientIds.Taken taken) {
        Optional<Refusal> refused = refusal;
        if (refused.isPresent()) {
            client.connection().reject(refused.get().reason(), refused.get().why());
            endTurn(client);
        } else if (taken.answer() == ClientIds.Answer.NO_LEASE) {
            client.connection().reject(ReasonCodes.SERVER_UNAVAILABLE, "this node can't renew its lease");
            endTurn(client);
        } else if (taken.answer() == ClientIds.Answer.ANOTHERS) {
            ClientSessions.rejectAnothers(client);
            endTurn(client);
        } else if (taken.answer() == ClientIds.Answer.NEWER || client.isSuperseded()) {
            sessions.rejectSuperseded(client);
            endTurn(client);
        } else {
            sessions.open(client, () -> byClientId.put(client.clientId(), client))
                    .onComplete(done -> endTurn(client));
        }
    }

    private void endTurn(Client client) {
        opening.remove(client.clientId(), client);
        if (client.isClosed() && client.runner() == null) {
            // It left before it was found under its id, or had a number: closed() could not undo that.
            byClientId.remove(client.clientId(), client);
            ids.leave(client.claimant(), client.number());
        }
        client.isDecided();
        turns.end(client.clientId());
    }

    /**
     * Another node wants the client id: its connection here is ended if it is older, one that is just coming gives way; unless it is somebody's who
     * has proved to be another user. Completes when it has left nothing behind, or after a while.
     *
     * @param number of the other node's connection: higher than those of all older ones
     */
    public Future<ClientIds.Answer> letGo(Claimant newer, long number) {
        Client coming = opening.get(newer.clientId());
        Client here = byClientId.get(newer.clientId());
        if (here != null && !here.yieldsTo(newer)) {
            return keep(here, number);
        }
        if (coming != null && !coming.yieldsTo(newer)) {
            // In turn, as on one node.
            return coming.hadItsTurnBefore(number).compose(decided -> letGoOfHere(newer, number));
        }
        if (coming != null && coming.yieldsTo(newer)) {
            coming.yieldTo(number); // it looks once more when it can be found below
        }
        return letGoOfHere(newer, number);
    }

    private Future<ClientIds.Answer> letGoOfHere(Claimant newer, long number) {
        Client here = byClientId.get(newer.clientId());
        if (here == null) {
            return Future.succeededFuture(ClientIds.Answer.LET_GO);
        }
        if (!here.yieldsTo(newer)) {
            return keep(here, number);
        }
        if (here.number() >= number) {
            return Future.succeededFuture(ClientIds.Answer.NEWER);
        }
        return end(here).map(ClientIds.Answer.LET_GO);
    }

    private Future<ClientIds.Answer> keep(Client here, long taken) {
        ids.keep(here.claimant(), taken, here.number());
        return Future.succeededFuture(ClientIds.Answer.ANOTHERS);
    }

    /** Hazelcast was split: what others know of client ids may be wrong. */
    public void takeIdsAgain() {
        byClientId.values().forEach(this::takeAgain);
    }

    /** Rules have changed: connections that have subscribed to what they may not have any more are ended. */
    public void checkRights() {
        for (Client client : clients.values()) {
            client.shard().post(() -> {
                SessionRunner runner = client.runner();
                boolean mayStay = runner == null
                        || runner.allSubscriptions().stream()
                                .allMatch(client.packet().rights()::maySubscribe);
                if (!mayStay) {
                    client.connection().close(ReasonCodes.NOT_AUTHORIZED, "a subscription is not allowed any more");
                }
            });
        }
    }

    /** This node's lease was over, and its clients stayed: others may have taken their ids. */
    public void checkIds() {
        byClientId.values().forEach(client -> ids.check(client.claimant(), client.number()));
    }

    /** Ends the connection that the client id has here, and waits (not for ever) until it has left nothing behind. */
    private Future<Void> endOlder(Client client) {
        Client older = byClientId.get(client.clientId());
        if (older == null) {
            return Future.succeededFuture();
        }
        return end(older);
    }

    private Future<Void> end(Client older) {
        counters.takenOver();
        older.shard().post(() -> older.connection().close(ReasonCodes.SESSION_TAKEN_OVER, "session taken over"));
        return TimeLimit.within(vertx, TAKEOVER_MILLIS, older.released()).otherwiseEmpty();
    }

    @Override
    public void event(Connection connection, Event event) {
        Client client = clients.get(connection);
        SessionRunner runner = client == null ? null : client.runner();
        if (runner != null) {
            runner.on(event);
        }
    }

    @Override
    public void writable(Connection connection, boolean writable) {
        event(connection, new Event.Writable(writable, shards.nowMillis()));
    }

    @Override
    public void closed(Connection connection, CloseCause cause, OptionalLong newExpirySeconds) {
        Client client = clients.remove(connection);
        if (client == null) {
            return;
        }
        client.close();
        SessionRunner runner = client.runner();
        if (runner != null) {
            sessions.end(client, runner, cause, newExpirySeconds);
        } else {
            client.releasedBy(Future.succeededFuture());
        }
        client.released().onComplete(done -> {
            byClientId.remove(client.clientId(), client);
            ids.leave(client.claimant(), client.number());
        });
    }

    /** How many connections there are, accepted or not. */
    public int size() {
        return clients.size();
    }

    /** Takes clients in again after {@link #closeAll}. */
    public void open() {
        refusal = Optional.empty();
    }

    /**
     * Ends all connections and takes no more. Completes when they have left nothing behind; that may be never, when the database is
     * away.
     *
     * @param reason of the DISCONNECT to MQTT 5 clients, and of the CONNACK to those that come
     */
    public Future<Void> closeAll(int reason, String why) {
        return close(new Refusal(reason, why), all()).compose(released -> settled());
    }

    /** A CONNECT that is under way has a session to release after its turn, or a claim to be undone. */
    private Future<Void> settled() {
        return turns.had()
                .compose(had -> Future.join(
                        byClientId.values().stream().map(Client::released).toList()))
                .compose(released -> sessions.undone());
    }

    /** Those that are connected or coming, and those whose connections have ended and left something that is not stored yet. */
    private List<Client> all() {
        Set<Client> all = new LinkedHashSet<>(clients.values());
        all.addAll(byClientId.values());
        return List.copyOf(all);
    }

    private Future<Void> close(Refusal why, List<Client> ending) {
        refusal = Optional.of(why);
        List<Future<Void>> released = new ArrayList<>();
        for (Client client : ending) {
            client.shard().post(() -> client.connection().close(why.reason(), why.why()));
            released.add(client.released());
        }
        return Future.join(released).mapEmpty();
    }

    /**
     * The same in portions, so that the clients do not come to the other nodes all at once: a share of them every 100 ms, over the given
     * time.
     */
    public Future<Void> drain(int reason, String why, long overMillis) {
        Refusal told = new Refusal(reason, why);
        refusal = Optional.of(told);
        List<Client> leaving = List.copyOf(clients.values());
        int portion =
                Math.max(DRAIN_PORTION_MIN, (int) Math.ceilDiv(leaving.size() * DRAIN_MILLIS, Math.max(1, overMillis)));
        Promise<Void> done = Promise.promise();
        drain(told, leaving, portion, done);
        return done.future();
    }

    private void drain(Refusal told, List<Client> leaving, int portion, Promise<Void> done) {
        int now = Math.min(portion, leaving.size());
        Future<Void> released = close(told, leaving.subList(0, now));
        if (now == leaving.size()) {
            close(told, all()) // who came meanwhile too
                    .compose(nothing -> released)
                    .compose(nothing -> settled())
                    .onComplete(done);
        } else {
            vertx.setTimer(DRAIN_MILLIS, timer -> drain(told, leaving.subList(now, leaving.size()), portion, done));
        }
    }
}
