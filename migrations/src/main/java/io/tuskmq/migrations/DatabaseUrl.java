package io.tuskmq.migrations;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/** Where the database is and who we are there, as in the setting {@code database.url}. Never prints the password. */
public record DatabaseUrl(String host, int port, String database, String user, String password) {
    private static final int DEFAULT_PORT = 5432;
    private static final String FORM = "postgresql://user:password@host:port/database";

    /**
     * Reads {@code postgresql://user:password@host:port/database}; the port may be left out (5432), a password too. Percent-encoding
     * is decoded, so that a password may hold any character.
     *
     * @throws IllegalArgumentException with a sentence for the user that doesn't repeat the password
     */
    public static DatabaseUrl parse(String url) {
        URI uri;
        try {
            uri = new URI(url);
        } catch (URISyntaxException e) {
            // The exception's own text repeats the whole URL, password and all.
            throw wrong("it has a character that must be percent-encoded (position " + e.getIndex() + ")");
        }
        if (!"postgresql".equals(uri.getScheme()) && !"postgres".equals(uri.getScheme())) {
            throw wrong("it doesn't begin with postgresql://");
        }
        if (uri.getHost() == null || uri.getHost().isEmpty()) {
            throw wrong("it names no host");
        }
        String userInfo = uri.getRawUserInfo();
        if (userInfo == null || userInfo.isEmpty() || userInfo.startsWith(":")) {
            throw wrong("it names no user");
        }
        String path = uri.getRawPath();
        if (path == null || path.length() < 2 || path.indexOf('/', 1) >= 0) {
            throw wrong("it names no database after the host");
        }
        if (uri.getRawQuery() != null || uri.getRawFragment() != null) {
            throw wrong("parameters after the database's name are not supported");
        }
        int colon = userInfo.indexOf(':');
        String user = decode(colon < 0 ? userInfo : userInfo.substring(0, colon));
        String password = colon < 0 ? "" : decode(userInfo.substring(colon + 1));
        String host = uri.getHost().startsWith("[")
                ? uri.getHost().substring(1, uri.getHost().length() - 1)
                : uri.getHost();
        int port = uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort();
        if (port == 0 || port > 65_535) {
            throw wrong("its port is not between 1 and 65535");
        }
        return new DatabaseUrl(host, port, decode(path.substring(1)), user, password);
    }

    /** For JDBC drivers; user and password are given apart. */
    public String jdbcUrl() {
        String bracketed = host.indexOf(':') < 0 ? host : "[" + host + "]";
        return "jdbc:postgresql://" + bracketed + ":" + port + "/"
                + java.net.URLEncoder.encode(database, StandardCharsets.UTF_8);
    }

    /** The whole URL, password and all: to be handed to another process, never to be shown. */
    public String text() {
        String bracketed = host.indexOf(':') < 0 ? host : "[" + host + "]";
        return "postgresql://" + encode(user) + ":" + encode(password) + "@" + bracketed + ":" + port + "/"
                + encode(database);
    }

    private static String encode(String part) {
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** The same server and user, another database. */
    public DatabaseUrl withDatabase(String name) {
        return new DatabaseUrl(host, port, name, user, password);
    }

    @Override
    public String toString() {
        return "postgresql://" + user + "@" + host + ":" + port + "/" + database;
    }

    private static String decode(String part) {
        try {
            return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw wrong("it has a '%' that is not followed by two hexadecimal digits");
        }
    }

    private static IllegalArgumentException wrong(String why) {
        return new IllegalArgumentException("the database URL is not of the form " + FORM + ": " + why);
    }
}
