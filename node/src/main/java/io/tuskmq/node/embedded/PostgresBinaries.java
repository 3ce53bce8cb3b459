package io.tuskmq.node.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** The PostgreSQL programs of this machine's kind, unpacked from the class path into the database's own directory. */
final class PostgresBinaries {
    private static final String PREFIX = "programs-";
    /** A directory with them where the class path has none: the training of an image, which itself holds no PostgreSQL. */
    private static final String ELSEWHERE = "tuskmq.postgres.programs";

    private static final int DIGEST_CHARS = 12;

    private PostgresBinaries() {}

    /**
     * Unpacks what isn't there yet (about 2 s, 60 MB) and removes older ones. The caller holds the directory's lock.
     *
     * @return the directory with {@code bin}, {@code lib} and {@code share}
     */
    static Path unpackInto(Path directory) throws IOException {
        String elsewhere = System.getProperty(ELSEWHERE);
        if (elsewhere != null) {
            return Path.of(elsewhere);
        }
        byte[] archive = PostgresArchive.read();
        Path programs = directory.resolve(PREFIX + digest(archive).substring(0, DIGEST_CHARS));
        if (!Files.isDirectory(programs)) {
            Path unfinished = directory.resolve(PREFIX + "unfinished");
            deleteTree(unfinished);
            PostgresArchive.unpack(archive, unfinished);
            Files.move(unfinished, programs, StandardCopyOption.ATOMIC_MOVE);
        }
        try (Stream<Path> entries = Files.list(directory)) {
            List<Path> old = entries.filter(p -> p.getFileName().toString().startsWith(PREFIX) && !p.equals(programs))
                    .toList();
            for (Path path : old) {
                deleteTree(path);
            }
        }
        return programs;
    }

    static void deleteTree(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(root)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static String digest(byte[] archive) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(archive));
        } catch (NoSuchAlgorithmException e) {
            throw new UncheckedIOException(new IOException(e)); // every Java platform has SHA-256
        }
    }
}
