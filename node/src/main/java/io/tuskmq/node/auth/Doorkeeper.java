package io.tuskmq.node.auth;

import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.session.ConnectPacket;
import io.tuskmq.node.session.Connection;
import io.tuskmq.node.session.ConnectionHandler;
import io.tuskmq.storage.Access;
import io.tuskmq.storage.Sessions.NewWill;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Stands before the sessions: a CONNECT gets there when its client has proved who it is, with what it may do; and whoever may not be here any
 * more is shown out. Each guest belongs to its connection's event loop.
 */
public final class Doorkeeper implements ConnectionHandler {
    private static final int NAMES_PER_QUERY = 1_000;
    /** Vert.x takes no timer of a longer time; whoever stays that long is looked at again then. */
    private static final long TIMER_MILLIS_MAX = 86_400_000;

    private final Vertx vertx;
    private final ConnectionHandler sessions;
    private final Chain chain;
    private final RuleBook book;
    private final Access access;
    private final Audit audit;
    private final LongSupplier nowMillis = System::currentTimeMillis;
    private final Map<Connection, Guest> guests = new ConcurrentHashMap<>();
    /** Of the users, as far as all guests were compared with them. */
    private volatile long usersVersion;

    /** Who is let in, and what for. */
    public record House(Chain chain, RuleBook book, Access access, Audit audit) {}

    public Doorkeeper(Vertx vertx, ConnectionHandler sessions, House house) {
        this.vertx = vertx;
        this.sessions = sessions;
        this.chain = house.chain();
        this.book = house.book();
        this.access = house.access();
        this.audit = house.audit();
    }

    /** One connection from its CONNECT to its end. */
    private static final class Guest {
        private final Connection connection;
        /** Without its password, which is asked about only once. */
        private final ConnectPacket packet;

        private final long usersVersionBefore;
        private final Address address;
        private volatile Login login = Login.of(Login.ANONYMOUS, Login.ANONYMOUS);
        private volatile ClientRights rights;
        private boolean entered;
        private boolean closed;
        private long timer = -1;

        Guest(Connection connection, ConnectPacket packet, long usersVersionBefore, RuleBook book) {
            this.connection = connection;
            this.packet = packet.withoutPassword();
            this.usersVersionBefore = usersVersionBefore;
            this.address = Address.ofSocket(packet.remoteAddress());
            this.rights = new ClientRights(book, subject(), List.of(), named());
        }

        private Subject subject() {
            return new Subject(login.isProved() ? login.principal() : Login.ANONYMOUS, packet.clientId(), address);
        }

        /** As the audit log names it: who has proved nothing is called what it calls itself only as long as it is refused. */
        private Audit.Client named() {
            return new Audit.Client(packet.clientId(), login.principal(), address);
        }

        private void isFoundToBe(Login found, RuleBook book) {
            login = found;
            rights = new ClientRights(book, subject(), found.rules(), named());
        }
    }

    @Override
    public void connect(Connection connection, ConnectPacket packet) {
        Guest guest = new Guest(connection, packet, usersVersion, book);
        guests.put(connection, guest);
        Future<Verdict> decision = chain.decide(new Credentials(
                packet.clientId(),
                packet.userName(),
                packet.password(),
                connection.peerCertificate(),
                guest.address,
                packet.version()));
        if (decision.succeeded()) {
            decided(guest, decision.result());
        } else {
            decision.onSuccess(verdict -> connection.context().runOnContext(nothing -> decided(guest, verdict)));
        }
    }

    private void decided(Guest guest, Verdict verdict) {
        if (guest.closed) {
            return;
        }
        switch (verdict) {
            case Verdict.Allow(Login login) -> {
                guest.isFoundToBe(login, book);
                // Who was looked at before this login was known was not compared with the users of then.
                if (login.stamp() != 0 && usersVersion != guest.usersVersionBefore) {
                    compareOnce(guest);
                } else {
                    enter(guest);
                }
            }
            case Verdict.Deny(int reason, String why) -> refuse(guest, reason, why);
            case Verdict.NotMine nobodys -> refuse(guest, ReasonCodes.NOT_AUTHORIZED, "nobody knows this client");
        }
    }

    private void compareOnce(Guest guest) {
        access.stamps(List.of(guest.login.principal()))
                .onComplete(found -> guest.connection.context().runOnContext(nothing -> {
                    if (guest.closed) {
                        return;
                    }
                    if (found.failed()) {
                        refuse(guest, ReasonCodes.SERVER_UNAVAILABLE, "the database is away");
                    } else if (isOutdated(guest.login, found.result())) {
                        refuse(guest, ReasonCodes.BAD_USER_NAME_OR_PASSWORD, "unknown user, or wrong password");
                    } else {
                        enter(guest);
                    }
                }));
    }

    private void enter(Guest guest) {
        Login login = guest.login;
        NewWill will = guest.packet.will();
        if (will != null && !guest.rights.mayPublish(will.message())) {
            refuse(guest, ReasonCodes.NOT_AUTHORIZED, "the will is not allowed");
            return;
        }
        if (isOver(login)) {
            refuse(guest, ReasonCodes.NOT_AUTHORIZED, "the credentials have expired");
            return;
        }
        if (login.isProved()) {
            audit.login(guest.named(), login.by(), guest.packet.version());
        }
        guest.connection.grant(guest.rights);
        guest.entered = true;
        watchExpiry(guest);
        sessions.connect(guest.connection, guest.packet.of(login.principal(), guest.rights));
    }

    private void refuse(Guest guest, int reason, String why) {
        String name = guest.packet.userName();
        audit.refused(new Audit.Client(guest.packet.clientId(), name == null ? "" : name, guest.address), reason, why);
        guest.connection.reject(reason, why);
    }

    // --- the end of a stay

    private boolean isOver(Login login) {
        OptionalLong end = login.expiresAtMillis();
        return end.isPresent() && end.getAsLong() <= nowMillis.getAsLong();
    }

    private void watchExpiry(Guest guest) {
        OptionalLong end = guest.login.expiresAtMillis();
        if (end.isEmpty()) {
            return;
        }
        long leftMillis = Math.clamp(end.getAsLong() - nowMillis.getAsLong(), 1, TIMER_MILLIS_MAX);
        guest.timer = vertx.setTimer(
                leftMillis,
                timer -> guest.connection.context().runOnContext(nothing -> {
                    if (isOver(guest.login)) {
                        showOut(guest, ReasonCodes.MAXIMUM_CONNECT_TIME, "the credentials have expired");
                    } else if (!guest.closed) {
                        watchExpiry(guest);
                    }
                }));
    }

    /** It may do nothing from now on, and its will isn't published. On any thread. */
    private void showOut(Guest guest, int reason, String why) {
        guest.rights.revoke();
        guest.connection.context().runOnContext(nothing -> {
            if (!guest.closed) {
                audit.ended(guest.named(), why);
                guest.connection.close(reason, why);
            }
        });
    }

    /** Users have changed: those who are gone or have another password have no business here. Fails as the database does. */
    Future<Void> usersChanged(long version) {
        usersVersion = version;
        List<String> names = guests.values().stream()
                .map(guest -> guest.login)
                .filter(login -> login.stamp() != 0)
                .map(Login::principal)
                .distinct()
                .toList();
        Future<Void> compared = Future.succeededFuture();
        for (int from = 0; from < names.size(); from += NAMES_PER_QUERY) {
            List<String> some = names.subList(from, Math.min(names.size(), from + NAMES_PER_QUERY));
            compared = compared.compose(before -> access.stamps(some))
                    .onSuccess(stamps -> compare(some, stamps))
                    .mapEmpty();
        }
        return compared;
    }

    private void compare(List<String> names, Map<String, Long> stamps) {
        java.util.Set<String> asked = java.util.Set.copyOf(names);
        for (Guest guest : new ArrayList<>(guests.values())) {
            Login login = guest.login;
            if (login.stamp() != 0 && asked.contains(login.principal()) && isOutdated(login, stamps)) {
                showOut(guest, ReasonCodes.NOT_AUTHORIZED, "the user was removed or has another password");
            }
        }
    }

    private static boolean isOutdated(Login login, Map<String, Long> stamps) {
        return stamps.getOrDefault(login.principal(), 0L) != login.stamp();
    }

    // --- what only passes by

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
        Guest guest = guests.remove(connection);
        if (guest == null) {
            return;
        }
        guest.closed = true;
        if (guest.timer >= 0) {
            vertx.cancelTimer(guest.timer);
        }
        if (!guest.entered) {
            return;
        }
        if (cause == CloseCause.TAKEN_OVER && guest.login.isProved()) {
            audit.ended(guest.named(), "taken over by a newer connection");
        }
        sessions.closed(connection, cause, newExpirySeconds);
    }
}
