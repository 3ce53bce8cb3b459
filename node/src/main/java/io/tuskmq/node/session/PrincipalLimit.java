package io.tuskmq.node.session;

import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.ReasonCodes;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Stands before the sessions: lets no principal have more clients on this node than it may. Who has proved nothing is not counted. */
public final class PrincipalLimit implements ConnectionHandler {
    /** A principal is never empty. */
    private static final Place REFUSED = new Place("", "");

    private final ConnectionHandler sessions;
    private final PrincipalPlaces places;
    private final Map<Connection, Place> taken = new ConcurrentHashMap<>();
    private final AtomicLong chosen = new AtomicLong();

    private record Place(String principal, String clientId) {}

    private PrincipalLimit(ConnectionHandler sessions, PrincipalPlaces places) {
        this.sessions = sessions;
        this.places = places;
    }

    /** @param clientsMax of one principal; 0 = no limit, then the sessions alone stand there */
    public static ConnectionHandler before(ConnectionHandler sessions, int clientsMax, Metrics metrics) {
        var refused = metrics.counter(
                "tuskmq_principal_full_total",
                "CONNECT packets refused since their principal has as many clients as it may.");
        return clientsMax == 0 ? sessions : new PrincipalLimit(sessions, new PrincipalPlaces(clientsMax, refused));
    }

    @Override
    public void connect(Connection connection, ConnectPacket packet) {
        if (!packet.rights().areProved()) {
            sessions.connect(connection, packet);
            return;
        }
        // One whose id the broker chooses is nobody who comes back.
        String id = packet.clientId().isEmpty() ? "\0" + chosen.incrementAndGet() : packet.clientId();
        if (places.enter(packet.principal(), id)) {
            taken.put(connection, new Place(packet.principal(), id));
            sessions.connect(connection, packet);
        } else {
            taken.put(connection, REFUSED);
            connection.reject(ReasonCodes.QUOTA_EXCEEDED, "too many clients of this principal");
        }
    }

    @Override
    public void event(Connection connection, Event event) {
        sessions.event(connection, event);
    }

    @Override
    public void writable(Connection connection, boolean writable) {
        sessions.writable(connection, writable);
    }

    @Override
    public void closed(Connection connection, CloseCause cause, OptionalLong newExpirySeconds) {
        Place place = taken.remove(connection);
        if (place != null && place.principal().isEmpty()) {
            return; // the sessions never heard of it
        }
        if (place != null) {
            places.leave(place.principal(), place.clientId());
        }
        sessions.closed(connection, cause, newExpirySeconds);
    }
}
