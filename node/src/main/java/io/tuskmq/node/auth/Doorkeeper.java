package io.tuskmq.node.auth;

import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.session.Authentication;
import io.tuskmq.node.session.ConnectPacket;
import io.tuskmq.node.session.Connection;
import io.tuskmq.node.session.ConnectionHandler;
import io.tuskmq.node.tls.ClientTrust;
import io.tuskmq.node.tls.ShownCertificates;
import io.tuskmq.storage.Access;
import io.tuskmq.storage.Sessions.NewWill;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Stands before the sessions: a CONNECT gets there when its client has proved who it is, with what it may do; and whoever may not be here any
 * more is shown out. Each guest belongs to its connection's event loop.
 */
public final class Doorkeeper implements ConnectionHandler {
    /** As the audit log names the way. */
    private static final String SCRAM = "scram";

    private static final int NAMES_PER_QUERY = 1_000;
    /** Vert.x takes no timer of a longer time; whoever stays that long is looked at again then. */
    private static final long TIMER_MILLIS_MAX = 86_400_000;

    private final Vertx vertx;
    private final ConnectionHandler sessions;
    private final Chain chain;
    private final RuleBook book;
    private final Access access;
    private final Audit audit;
    private final Set<String> methods;
    private final LongSupplier nowMillis = System::currentTimeMillis;
    private final Map<Connection, Guest> guests = new ConcurrentHashMap<>();
    private final ShownCertificates<Guest> certificates = new ShownCertificates<>();
    /** Of the users, as far as all guests were compared with them. */
    private volatile long usersVersion;

    /**
     * Who is let in, and what for.
     *
     * @param scram whether users may prove their passwords by SCRAM-SHA-256
     */
    public record House(Chain chain, RuleBook book, Access access, Audit audit, boolean scram) {}

    public Doorkeeper(Vertx vertx, ConnectionHandler sessions, House house) {
        this.vertx = vertx;
        this.sessions = sessions;
        this.chain = house.chain();
        this.book = house.book();
        this.access = house.access();
        this.audit = house.audit();
        this.methods = house.scram() ? Set.of(ScramExchange.METHOD) : Set.of();
    }

    /** One connection from its CONNECT to its end. */
    private static final class Guest {
        private final Connection connection;
        /** Without its password, which is asked about only once. */
        private ConnectPacket packet;

        private final Address address;
        private long usersVersionBefore;
        /** The one that is under way, or the last one; null when none was begun. */
        private @Nullable ScramExchange exchange;
        /** Who it says it is. */
        private String claimed;

        private volatile Login login = Login.NOBODY;
        private volatile ClientRights rights;
        private boolean entered;
        private boolean closed;
        private long timer = -1;

        Guest(Connection connection, ConnectPacket packet, long usersVersionBefore, RuleBook book) {
            this.connection = connection;
            this.packet = packet.withoutPassword();
            this.usersVersionBefore = usersVersionBefore;
            this.address = Address.ofSocket(packet.remoteAddress());
            String name = packet.userName();
            this.claimed = name == null ? "" : name;
            this.rights = new ClientRights(book, subject(), List.of(), login.principal());
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
            rights = new ClientRights(book, subject(), found.rules(), found.principal());
        }
    }

    @Override
    public void connect(Connection connection, ConnectPacket packet) {
        Guest guest = new Guest(connection, packet, usersVersion, book);
        guests.put(connection, guest);
        List<X509Certificate> shown = connection.peerCertificates();
        certificates.add(guest, shown);
        Optional<Authentication> asked = connection.authentication();
        if (asked.isPresent()) {
            guest.exchange = new ScramExchange();
            step(guest, new ScramExchange.Event.Begun(asked.get().data()));
            return;
        }
        Future<Verdict> decision = chain.decide(new Credentials(
                packet.clientId(),
                packet.userName(),
                packet.password(),
                shown.stream().findFirst(),
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
                compareOnce(guest, () -> enter(guest));
            }
            case Verdict.Deny(int reason, String why) -> refuse(guest, reason, why);
            case Verdict.NotMine nobodys -> refuse(guest, ReasonCodes.NOT_AUTHORIZED, "nobody knows this client");
        }
    }

    private void compareOnce(Guest guest, Runnable then) {
        if (guest.login.stamp() == 0 || usersVersion == guest.usersVersionBefore) {
            then.run();
            return;
        }
        access.stamps(List.of(guest.login.principal()))
                .onComplete(found -> guest.connection.context().runOnContext(nothing -> {
                    if (guest.closed) {
                        return;
                    }
                    if (found.failed()) {
                        refuse(guest, ReasonCodes.SERVER_UNAVAILABLE, "the database is away");
                    } else if (isOutdated(guest.login, found.result())) {
                        refuse(guest, badCredentials(guest.login), "unknown user, or wrong password");
                    } else {
                        then.run();
                    }
                }));
    }

    /** What the one who proves it in that way hears of a wrong password. */
    private static int badCredentials(Login login) {
        return login.by().equals(SCRAM) ? ReasonCodes.NOT_AUTHORIZED : ReasonCodes.BAD_USER_NAME_OR_PASSWORD;
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
        guest.packet = guest.packet.of(login.principal(), guest.rights);
        guest.connection.grant(guest.packet);
        guest.entered = true;
        watchExpiry(guest);
        sessions.connect(guest.connection, guest.packet);
    }

    private void refuse(Guest guest, int reason, String why) {
        audit.refused(new Audit.Client(guest.packet.clientId(), guest.claimed, guest.address), reason, why);
        if (guest.entered) {
            // DISCONNECT can't say that the database is away.
            guest.connection.close(reason == ReasonCodes.SERVER_UNAVAILABLE ? ReasonCodes.SERVER_BUSY : reason, why);
        } else {
            guest.connection.reject(reason, why);
        }
    }

    // --- enhanced authentication

    @Override
    public Set<String> authenticationMethods() {
        return methods;
    }

    @Override
    public void authenticate(Connection connection, Authentication given, boolean again) {
        Guest guest = guests.get(connection);
        if (guest == null || guest.closed) {
            return;
        }
        if (again) {
            guest.exchange = new ScramExchange();
            guest.usersVersionBefore = usersVersion;
            step(guest, new ScramExchange.Event.Begun(given.data()));
        } else {
            step(guest, new ScramExchange.Event.Continued(given.data()));
        }
    }

    private void step(Guest guest, ScramExchange.Event event) {
        ScramExchange begun = guest.exchange;
        ScramExchange exchange = begun == null ? new ScramExchange() : begun; // to a new one what comes is out of turn
        switch (exchange.on(event)) {
            case ScramExchange.Step.LookUp(String name) -> {
                guest.claimed = name;
                access.scram(name)
                        .onComplete(found -> guest.connection.context().runOnContext(nothing -> found(guest, found)));
            }
            case ScramExchange.Step.Ask(byte[] data) -> guest.connection.ask(data);
            case ScramExchange.Step.Proved proved -> proved(guest, proved);
            case ScramExchange.Step.Refused(int reason, String why) -> refuse(guest, reason, why);
        }
    }

    private void found(Guest guest, AsyncResult<Access.Scram> found) {
        if (guest.closed) {
            return;
        }
        if (found.succeeded()) {
            step(guest, new ScramExchange.Event.Found(found.result(), ScramSha256.nonce()));
        } else {
            refuse(guest, ReasonCodes.SERVER_UNAVAILABLE, "the database is away");
        }
    }

    private void proved(Guest guest, ScramExchange.Step.Proved proved) {
        Login login = new Login(proved.name(), SCRAM, List.of(), OptionalLong.empty(), proved.stamp());
        String named = guest.packet.userName();
        if (guest.entered) {
            again(guest, login, proved.data());
        } else if (named != null && !named.equals(proved.name())) {
            refuse(guest, ReasonCodes.NOT_AUTHORIZED, "the user name is another one than that of the proof");
        } else {
            guest.connection.authenticated(proved.data()); // with the CONNACK, if there is one
            decided(guest, new Verdict.Allow(login));
        }
    }

    /** What it may do stays as it is: it is the same user. */
    private void again(Guest guest, Login login, byte[] data) {
        if (!login.principal().equals(guest.login.principal())) {
            refuse(guest, ReasonCodes.NOT_AUTHORIZED, "another user than before");
            return;
        }
        guest.login = login;
        compareOnce(guest, () -> {
            audit.again(guest.named(), login.by());
            guest.connection.authenticated(data);
        });
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
        Set<String> asked = Set.copyOf(names);
        for (Guest guest : new ArrayList<>(guests.values())) {
            Login login = guest.login;
            if (login.stamp() != 0 && asked.contains(login.principal()) && isOutdated(login, stamps)) {
                showOut(guest, ReasonCodes.NOT_AUTHORIZED, "the user was removed or has another password");
            }
        }
    }

    /** CAs or revocation lists may be new, and certificates end: whoever could not come in any more goes, however it proved who it is. */
    public Future<Void> checkCertificates(Optional<ClientTrust> trust) {
        if (trust.isEmpty() || certificates.isEmpty()) {
            return Future.succeededFuture();
        }
        Instant now = Instant.ofEpochMilli(nowMillis.getAsLong());
        return vertx.executeBlocking(
                () -> {
                    certificates.look(
                            trust.get(), now, (guest, why) -> showOut(guest, ReasonCodes.NOT_AUTHORIZED, why));
                    return null;
                },
                false);
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
        certificates.remove(guest);
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
