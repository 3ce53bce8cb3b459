package io.tuskmq.node;

import static io.tuskmq.node.Setting.integer;
import static io.tuskmq.node.Setting.path;
import static io.tuskmq.node.Setting.string;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The settings about who may connect and what clients may do: the last part of the table in {@link Settings}. */
public final class AccessSettings {
    /** The choice that depends on other settings. */
    static final String AUTO = "auto";

    public static final Setting<String> AUTH_ANONYMOUS = string(
            "auth.anonymous",
            AUTO,
            "auto|true|false",
            "auto, true or false",
            "Whether clients that show no credentials come in. auto: only while mqtt.host is a loopback address and auth.chain is not set; then user names are taken as given.");

    public static final Setting<String> AUTH_CHAIN = string(
            "auth.chain",
            AUTO,
            "auto|(users|jwt|mtls|http)(, ?(users|jwt|mtls|http)){0,3}",
            "auto, or some of users, jwt, mtls and http, comma-separated",
            "Who is asked for a client's credentials, in this order. auto: users, where credentials are demanded; nobody, where anonymous clients come in.");

    public static final Setting<String> AUTH_SCRAM = string(
            "auth.scram",
            "false",
            "true|false",
            "true or false",
            "Whether users of the database may prove their passwords by MQTT 5's enhanced authentication with SCRAM-SHA-256, besides what auth.chain says.");

    public static final Setting<Integer> AUTH_CACHE_SECONDS = integer(
            "auth.cache-seconds",
            60,
            0,
            3_600,
            "How long a password that was found right needs no computing again, in seconds; a changed one counts at once. 0: always compute.");

    public static final Setting<Integer> AUTH_THREADS = integer(
            "auth.threads", 2, 1, 64, "Threads that compute password hashes (19 MiB each) and check signatures.");

    public static final Setting<Integer> AUTH_WAITING_MAX = integer(
            "auth.waiting-max",
            1_000,
            1,
            100_000,
            "Clients that may wait for those threads; more are refused (MQTT 5: 0x89, MQTT 3: 3).");

    public static final Setting<String> AUTH_JWT_KEYS = string(
            "auth.jwt.keys",
            "",
            "(https?://[^@\\s]+|[^@:]+)?",
            "a file or an http(s) URL without a password in it",
            "JWKS with the public keys of jwt (RS256, ES256, EdDSA).");

    public static final Setting<Integer> AUTH_JWT_REFRESH_SECONDS = integer(
            "auth.jwt.refresh-seconds",
            300,
            1,
            86_400,
            "How often the keys are read again, in seconds; an unknown key id lets them be read sooner.");

    public static final Setting<String> AUTH_JWT_ISSUER =
            string("auth.jwt.issuer", "", ".{0,512}", "a text", "What a token's iss must be; empty: anything.");

    public static final Setting<String> AUTH_JWT_AUDIENCE =
            string("auth.jwt.audience", "", ".{0,512}", "a text", "What must be among a token's aud; needed with jwt.");

    public static final Setting<String> AUTH_JWT_PRINCIPAL_CLAIM = string(
            "auth.jwt.principal-claim", "sub", "[^\\s]{1,128}", "a claim's name", "Claim that is the principal.");

    public static final Setting<String> AUTH_JWT_ACL_CLAIM = string(
            "auth.jwt.acl-claim",
            "acl",
            "[^\\s]{1,128}",
            "a claim's name",
            "Claim with rules of the client's own: an array of lines as in acl.file.");

    public static final Setting<String> AUTH_MTLS_PRINCIPAL = string(
            "auth.mtls.principal",
            "cn",
            "cn|dn|san-dns|san-uri|san-email",
            "cn, dn, san-dns, san-uri or san-email",
            "What of a client's certificate is the principal of mtls.");

    public static final Setting<String> AUTH_HTTP_URL = string(
            "auth.http.url",
            "",
            "(https?://[^@\\s]+)?",
            "an http(s) URL without a password in it",
            "Where http asks: a POST with JSON, answered with JSON.");

    public static final Setting<Integer> AUTH_HTTP_TIMEOUT_MILLIS = integer(
            "auth.http.timeout-millis",
            2_000,
            10,
            60_000,
            "How long that answer may take, in milliseconds; after it the client is refused (MQTT 5: 0x88, MQTT 3: 3).");

    public static final Setting<Optional<Path>> MQTT_TLS_CA = path(
            "mqtt.tls.ca",
            "",
            "a readable file",
            "Certificates that clients' certificates must be signed by, PEM; empty: clients are not asked for one.");

    public static final Setting<String> MQTT_TLS_CLIENT_AUTH = string(
            "mqtt.tls.client-auth",
            "request",
            "request|required",
            "request or required",
            "Whether a client without a certificate may come to the TLS port when mqtt.tls.ca is set.");

    public static final Setting<Optional<Path>> ACL_FILE = path(
            "acl.file", "", "a readable file", "Access rules, one a line, that come before those of the database.");

    public static final Setting<String> ACL_DEFAULT = string(
            "acl.default",
            AUTO,
            "auto|allow|deny",
            "auto, allow or deny",
            "What counts where no rule fits. auto: deny as soon as there is a rule.");

    public static final Setting<String> ACL_SUBSCRIBE_OVERLAP = string(
            "acl.subscribe-overlap",
            "refuse",
            "refuse|narrow",
            "refuse or narrow",
            "A topic filter that matches allowed and denied topics: refused, or accepted for the allowed ones (never for shared subscriptions).");

    public static final Setting<String> ACL_DENIED_PUBLISH = string(
            "acl.denied-publish",
            "drop",
            "drop|disconnect",
            "drop or disconnect",
            "A PUBLISH that is not allowed: dropped (acknowledged with 0x87 to MQTT 5, with success to MQTT 3), or the end of the connection.");

    static final List<Setting<?>> ALL = List.of(
            AUTH_ANONYMOUS,
            AUTH_CHAIN,
            AUTH_SCRAM,
            AUTH_CACHE_SECONDS,
            AUTH_THREADS,
            AUTH_WAITING_MAX,
            AUTH_JWT_KEYS,
            AUTH_JWT_REFRESH_SECONDS,
            AUTH_JWT_ISSUER,
            AUTH_JWT_AUDIENCE,
            AUTH_JWT_PRINCIPAL_CLAIM,
            AUTH_JWT_ACL_CLAIM,
            AUTH_MTLS_PRINCIPAL,
            AUTH_HTTP_URL,
            AUTH_HTTP_TIMEOUT_MILLIS,
            MQTT_TLS_CA,
            MQTT_TLS_CLIENT_AUTH,
            ACL_FILE,
            ACL_DEFAULT,
            ACL_SUBSCRIBE_OVERLAP,
            ACL_DENIED_PUBLISH);

    private AccessSettings() {}

    /** Whether clients without credentials come in. */
    static boolean anonymous(Settings settings) {
        return switch (settings.get(AUTH_ANONYMOUS)) {
            case "true" -> true;
            case "false" -> false;
            default ->
                isLoopback(settings.get(Settings.MQTT_HOST))
                        && settings.get(AUTH_CHAIN).equals(AUTO);
        };
    }

    /** The names of the authenticators in their order. */
    static List<String> chain(Settings settings) {
        String text = settings.get(AUTH_CHAIN);
        if (text.equals(AUTO)) {
            return anonymous(settings) ? List.of() : List.of("users");
        }
        return Arrays.stream(text.split(",")).map(String::strip).toList();
    }

    /** Only what certainly never leaves this machine. */
    private static boolean isLoopback(String host) {
        if (host.equals("localhost")) {
            return true;
        }
        boolean digits = host.matches("[0-9.]+") || host.indexOf(':') >= 0;
        try {
            return digits && InetAddress.getByName(host).isLoopbackAddress(); // of digits: nobody is asked
        } catch (UnknownHostException _) {
            return false;
        }
    }

    static void check(Settings settings, Problems problems) {
        List<String> chain = chain(settings);
        if (Set.copyOf(chain).size() < chain.size()) {
            problems.add(AUTH_CHAIN.key() + ": one of them is there twice; allowed: " + AUTH_CHAIN.allowed());
        }
        need(settings, chain.contains("jwt"), AUTH_JWT_KEYS, problems);
        need(settings, chain.contains("jwt"), AUTH_JWT_AUDIENCE, problems);
        need(settings, chain.contains("http"), AUTH_HTTP_URL, problems);
        if (chain.contains("mtls") && settings.get(MQTT_TLS_CA).isEmpty()) {
            problems.add(MQTT_TLS_CA.key() + ": is needed with mtls in " + AUTH_CHAIN.key() + "; allowed: "
                    + MQTT_TLS_CA.allowed());
        }
        readable(settings, MQTT_TLS_CA, problems);
        readable(settings, ACL_FILE, problems);
        checkUrl(settings, AUTH_HTTP_URL, problems);
        if (settings.get(AUTH_JWT_KEYS).startsWith("http")) {
            checkUrl(settings, AUTH_JWT_KEYS, problems);
        }
    }

    private static void need(Settings settings, boolean needed, Setting<String> setting, Problems problems) {
        if (needed && settings.get(setting).isEmpty()) {
            problems.add(
                    setting.key() + ": is needed with this " + AUTH_CHAIN.key() + "; allowed: " + setting.allowed());
        }
    }

    private static void readable(Settings settings, Setting<Optional<Path>> setting, Problems problems) {
        Optional<Path> file = settings.get(setting);
        if (file.isPresent() && !Files.isReadable(file.get())) {
            problems.add(setting.key() + ": '" + file.get() + "' can't be read; allowed: " + setting.allowed());
        }
    }

    private static void checkUrl(Settings settings, Setting<String> setting, Problems problems) {
        try {
            String url = settings.get(setting);
            if (!url.isEmpty() && new URI(url).getHost() == null) {
                problems.add(setting.key() + ": '" + url + "' names no host; allowed: " + setting.allowed());
            }
        } catch (URISyntaxException e) {
            problems.add(setting.key() + ": " + e.getMessage() + "; allowed: " + setting.allowed());
        }
    }
}
