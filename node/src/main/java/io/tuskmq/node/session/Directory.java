package io.tuskmq.node.session;

import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.ReasonCodes;
import io.vertx.core.Future;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Who is connected here. Takes connections in, one at a time for each client id: the older connection of the same client is ended
 * and released first (I5), then the session is claimed and starts. After that each packet goes to its session.
 *
 * <p>The maps are touched from all event loops; a {@link Client} belongs to its connection's.
 */
public final class Directory implements ConnectionHandler {
    /** How long a new connection waits until the older one has stored what it leaves. */
    private static final long TAKEOVER_MILLIS = 2_000;

    private final Shards shards;
    private final ClientSessions sessions;
    private final SessionCounters counters;
    private final Map<Connection, Client> clients = new ConcurrentHashMap<>();
    private final Map<String, Client> byClientId = new ConcurrentHashMap<>();
    private final ClientTurns turns = new ClientTurns();
    private volatile boolean stopping;

    public Directory(Shards shards, ClientSessions sessions, SessionCounters counters) {
        this.shards = shards;
        this.sessions = sessions;
        this.counters = counters;
    }

    @Override
    public void connect(Connection connection, ConnectPacket packet) {
        if (stopping) {
            connection.reject(ReasonCodes.SERVER_SHUTTING_DOWN, "server shutting down");
            return;
        }
        sessions.admit(connection, packet).ifPresent(admitted -> {
            Client client = new Client(connection, packet, shards.of(connection.context()), admitted);
            clients.put(connection, client);
            turns.begin(client.clientId()).onSuccess(turn -> client.shard().post(() -> takeTurn(client)));
        });
    }

    private void takeTurn(Client client) {
        endOlder(client).onComplete(done -> client.shard().post(() -> open(client)));
    }

    private void open(Client client) {
        if (stopping) {
            client.connection().reject(ReasonCodes.SERVER_SHUTTING_DOWN, "server shutting down");
            turns.end(client.clientId());
            return;
        }
        sessions.open(client, () -> byClientId.put(client.clientId(), client))
                .onComplete(done -> turns.end(client.clientId()));
    }

    /** Ends the connection that the client id has here, and waits (not for ever) until it has left nothing behind. */
    private Future<Void> endOlder(Client client) {
        Client older = byClientId.get(client.clientId());
        if (older == null) {
            return Future.succeededFuture();
        }
        counters.takenOver();
        older.shard().post(() -> older.connection().close(ReasonCodes.SESSION_TAKEN_OVER, "session taken over"));
        return older.released().timeout(TAKEOVER_MILLIS, TimeUnit.MILLISECONDS).otherwiseEmpty();
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
        event(connection, new Event.Writable(writable, System.currentTimeMillis()));
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
            client.released().onComplete(done -> byClientId.remove(client.clientId(), client));
        }
    }

    /** How many connections there are, accepted or not. */
    public int size() {
        return clients.size();
    }

    /**
     * Ends all connections and takes no more. Completes when they have left nothing behind; that may be never, when the database is
     * away.
     *
     * @param reason of the DISCONNECT to MQTT 5 clients
     */
    public Future<Void> closeAll(int reason, String why) {
        stopping = true;
        for (Client client : clients.values()) {
            client.shard().post(() -> client.connection().close(reason, why));
        }
        // A CONNECT that is under way has a session to release after its turn, or a claim to be undone.
        return turns.had()
                .compose(had -> Future.join(
                        byClientId.values().stream().map(Client::released).toList()))
                .compose(released -> sessions.undone());
    }
}
