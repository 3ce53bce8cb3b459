package io.tuskmq.node;

import io.tuskmq.node.auth.AccessWatch;
import io.tuskmq.node.auth.AclRule;
import io.tuskmq.node.auth.AclText;
import io.tuskmq.node.auth.Audit;
import io.tuskmq.node.auth.Authenticator;
import io.tuskmq.node.auth.Authenticators;
import io.tuskmq.node.auth.Chain;
import io.tuskmq.node.auth.Doorkeeper;
import io.tuskmq.node.auth.RuleBook;
import io.tuskmq.node.auth.StoredWills;
import io.tuskmq.node.auth.Workers;
import io.tuskmq.storage.Access;
import io.tuskmq.storage.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What decides who a client is and what it may do, made of the settings. */
final class AccessParts implements AutoCloseable {
    private final Access access;
    private final Doorkeeper.House house;
    private final Authenticators authenticators;

    private AccessParts(Access access, Doorkeeper.House house, Authenticators authenticators) {
        this.access = access;
        this.house = house;
        this.authenticators = authenticators;
    }

    /** @throws StartException when the file of rules is wrong */
    static AccessParts of(Node.Surroundings around, Store store) {
        Settings settings = around.settings();
        Audit audit = new Audit(System::currentTimeMillis);
        Workers workers =
                new Workers(settings.get(AccessSettings.AUTH_THREADS), settings.get(AccessSettings.AUTH_WAITING_MAX));
        Authenticators makers = new Authenticators(around.vertx(), store.access(), workers);
        List<Authenticator> chain = new ArrayList<>();
        for (String name : AccessSettings.chain(settings)) {
            chain.add(authenticator(name, makers, settings));
        }
        var options = new RuleBook.Options(
                settings.get(AccessSettings.ACL_DEFAULT),
                settings.get(AccessSettings.ACL_SUBSCRIBE_OVERLAP).equals("narrow"),
                settings.get(AccessSettings.ACL_DENIED_PUBLISH).equals("disconnect"));
        RuleBook book = new RuleBook(rulesOf(settings.get(AccessSettings.ACL_FILE)), options, audit, around.metrics());
        var house = new Doorkeeper.House(
                new Chain(chain, AccessSettings.anonymous(settings)),
                book,
                store.access(),
                audit,
                settings.get(AccessSettings.AUTH_SCRAM).equals("true"));
        return new AccessParts(store.access(), house, makers);
    }

    private static Authenticator authenticator(String name, Authenticators makers, Settings settings) {
        return switch (name) {
            case "users" -> makers.users(settings.get(AccessSettings.AUTH_CACHE_SECONDS));
            case "jwt" ->
                makers.jwt(
                        settings.get(AccessSettings.AUTH_JWT_KEYS),
                        settings.get(AccessSettings.AUTH_JWT_REFRESH_SECONDS),
                        new Authenticators.Tokens(
                                settings.get(AccessSettings.AUTH_JWT_ISSUER),
                                settings.get(AccessSettings.AUTH_JWT_AUDIENCE),
                                settings.get(AccessSettings.AUTH_JWT_PRINCIPAL_CLAIM),
                                settings.get(AccessSettings.AUTH_JWT_ACL_CLAIM)));
            case "mtls" -> makers.mtls(settings.get(AccessSettings.AUTH_MTLS_PRINCIPAL));
            case "http" ->
                makers.http(
                        settings.get(AccessSettings.AUTH_HTTP_URL),
                        settings.get(AccessSettings.AUTH_HTTP_TIMEOUT_MILLIS));
            default -> throw new IllegalStateException("no authenticator " + name);
        };
    }

    private static List<AclRule> rulesOf(Optional<Path> file) {
        if (file.isEmpty()) {
            return List.of();
        }
        try {
            return AclText.parse(Files.readString(file.get()));
        } catch (IOException | IllegalArgumentException e) {
            throw new StartException(ExitCode.SETTINGS, "acl.file " + file.get() + ": " + e.getMessage(), e);
        }
    }

    Doorkeeper.House house() {
        return house;
    }

    StoredWills storedWills() {
        return new StoredWills(house.book(), access);
    }

    AccessWatch watch(Doorkeeper doorkeeper, Runnable rightsChanged) {
        return new AccessWatch(access, house.book(), doorkeeper, rightsChanged);
    }

    @Override
    public void close() {
        authenticators.close();
    }
}
