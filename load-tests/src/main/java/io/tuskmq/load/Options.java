package io.tuskmq.load;

import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was asked for on the command line.
 *
 * @param mqtt a broker that runs already; null: one is started for the run
 * @param databaseUrl that broker's database, {@code postgresql://user:password@host:port/database}
 * @param brokerPid that broker's process, for its processor time
 * @param fanOuts sessions that each message goes to
 * @param messages published at each fan-out
 * @param publishers connections that publish
 * @param window unacknowledged messages of one publisher
 * @param payloadBytes of one message, at least 12
 * @param drainMax deliveries at one fan-out, about: it decides how many of the sessions come back for all their messages
 * @param out the JSON file
 */
record Options(
        @Nullable InetSocketAddress mqtt,
        @Nullable String databaseUrl,
        @Nullable Long brokerPid,
        List<Integer> fanOuts,
        int messages,
        int publishers,
        int window,
        int payloadBytes,
        long drainMax,
        Path out) {
    static final String USAGE = """
            Usage: load-tests/offline-fill [--mqtt host:port --database.url postgresql://user:password@host:port/database [--pid N]]
                   [--fan-outs 1,100,10000] [--messages 200000] [--publishers 16] [--window 250] [--payload-bytes 200]
                   [--drain-max 1000000] [--out FILE]
            Without --mqtt it starts ./tuskmq with an empty embedded database in a temporary directory, and stops it.
            """;
    /** Small enough that a window's acknowledgements fit into a socket's buffers: one thread writes and reads. */
    private static final int WINDOW_MAX = 1_000;

    /** Throws IllegalArgumentException with a sentence. */
    static Options parse(List<String> words, Path out) {
        Options options = new Options(null, null, null, List.of(1, 100, 10_000), 200_000, 16, 250, 200, 1_000_000, out);
        for (int i = 0; i < words.size(); i += 2) {
            if (i + 1 == words.size()) {
                throw new IllegalArgumentException(words.get(i) + " needs a value");
            }
            options = options.with(words.get(i), words.get(i + 1));
        }
        if ((options.mqtt == null) != (options.databaseUrl == null)) {
            throw new IllegalArgumentException("--mqtt and --database.url belong together");
        }
        return options;
    }

    private Options with(String key, String value) {
        return switch (key) {
            case "--mqtt" -> {
                URI uri = URI.create("mqtt://" + value);
                if (uri.getHost() == null || uri.getPort() < 0) {
                    throw new IllegalArgumentException("--mqtt wants host:port");
                }
                yield copy(new InetSocketAddress(uri.getHost(), uri.getPort()), databaseUrl, brokerPid, fanOuts, out);
            }
            case "--database.url" -> copy(mqtt, value, brokerPid, fanOuts, out);
            case "--pid" -> copy(mqtt, databaseUrl, Long.valueOf(value), fanOuts, out);
            case "--fan-outs" -> {
                List<Integer> counts = new ArrayList<>();
                for (String count : value.split(",", -1)) {
                    counts.add(between(key, count, 1, 100_000));
                }
                yield copy(mqtt, databaseUrl, brokerPid, List.copyOf(counts), out);
            }
            case "--out" -> copy(mqtt, databaseUrl, brokerPid, fanOuts, Path.of(value));
            case "--messages" ->
                numbers(between(key, value, 1, 100_000_000), publishers, window, payloadBytes, drainMax);
            case "--publishers" -> numbers(messages, between(key, value, 1, 10_000), window, payloadBytes, drainMax);
            case "--window" ->
                numbers(messages, publishers, between(key, value, 1, WINDOW_MAX), payloadBytes, drainMax);
            case "--payload-bytes" -> numbers(messages, publishers, window, between(key, value, 12, 1 << 19), drainMax);
            case "--drain-max" ->
                numbers(messages, publishers, window, payloadBytes, between(key, value, 1, Integer.MAX_VALUE));
            default -> throw new IllegalArgumentException(key + " is not known");
        };
    }

    private Options copy(
            @Nullable InetSocketAddress mqtt,
            @Nullable String databaseUrl,
            @Nullable Long pid,
            List<Integer> fanOuts,
            Path out) {
        return new Options(mqtt, databaseUrl, pid, fanOuts, messages, publishers, window, payloadBytes, drainMax, out);
    }

    private Options numbers(int messages, int publishers, int window, int payloadBytes, long drainMax) {
        return new Options(
                mqtt, databaseUrl, brokerPid, fanOuts, messages, publishers, window, payloadBytes, drainMax, out);
    }

    private static int between(String key, String value, int min, int max) {
        int number = Integer.parseInt(value);
        if (number < min || number > max) {
            throw new IllegalArgumentException(key + " is from " + min + " to " + max);
        }
        return number;
    }

    /** The JDBC form of a {@code postgresql://} URL. */
    static String jdbcUrl(String databaseUrl) {
        URI uri = URI.create(databaseUrl);
        String[] user =
                uri.getUserInfo() == null ? new String[0] : uri.getUserInfo().split(":", 2);
        StringBuilder jdbc = new StringBuilder("jdbc:postgresql://" + uri.getHost())
                .append(uri.getPort() < 0 ? "" : ":" + uri.getPort())
                .append(uri.getPath())
                .append('?');
        if (user.length > 0) {
            jdbc.append("user=").append(URLEncoder.encode(user[0], StandardCharsets.UTF_8));
        }
        if (user.length > 1) {
            jdbc.append("&password=").append(URLEncoder.encode(user[1], StandardCharsets.UTF_8));
        }
        return jdbc.append(uri.getRawQuery() == null ? "" : "&" + uri.getRawQuery())
                .toString();
    }
}
