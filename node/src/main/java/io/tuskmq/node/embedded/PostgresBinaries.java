package io.tuskmq.node.embedded;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/** The PostgreSQL programs of this machine's kind, unpacked from the class path into the database's own directory. */
final class PostgresBinaries {
    private static final String PREFIX = "programs-";
    private static final int DIGEST_CHARS = 12;
    private static final int EXECUTABLE_BITS = 0b001_001_001;

    private PostgresBinaries() {}

    /**
     * Unpacks what isn't there yet (about 2 s, 60 MB) and removes older ones. The caller holds the directory's lock.
     *
     * @return the directory with {@code bin}, {@code lib} and {@code share}
     */
    static Path unpackInto(Path directory) throws IOException {
        byte[] archive = archive();
        Path programs = directory.resolve(PREFIX + digest(archive).substring(0, DIGEST_CHARS));
        if (!Files.isDirectory(programs)) {
            Path unfinished = directory.resolve(PREFIX + "unfinished");
            deleteTree(unfinished);
            unpack(archive, unfinished);
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

    private static byte[] archive() throws IOException {
        try (InputStream in = DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(
                System.getProperty("os.name"), System.getProperty("os.arch"))) {
            return in.readAllBytes();
        } catch (IllegalStateException | NullPointerException e) {
            throw new EmbeddedDatabaseException(
                    "There is no embedded PostgreSQL for " + System.getProperty("os.name") + " on "
                            + System.getProperty("os.arch") + ": use a PostgreSQL of your own with --database.url.",
                    e);
        }
    }

    private static void unpack(byte[] archive, Path target) throws IOException {
        Files.createDirectories(target);
        try (var tar = new TarArchiveInputStream(
                new BufferedInputStream(new XZInputStream(new java.io.ByteArrayInputStream(archive)), 1 << 16))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                unpack(tar, entry, target);
            }
        }
    }

    private static void unpack(TarArchiveInputStream tar, TarArchiveEntry entry, Path target) throws IOException {
        Path path = target.resolve(entry.getName()).normalize();
        if (!path.startsWith(target)) {
            throw new IOException("The archive of PostgreSQL names a path outside of it: " + entry.getName());
        }
        if (entry.isDirectory()) {
            Files.createDirectories(path);
            return;
        }
        Files.createDirectories(path.getParent());
        if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
        } else if (entry.isLink()) {
            Files.createLink(path, target.resolve(entry.getLinkName()));
        } else {
            Files.copy(tar, path);
            if ((entry.getMode() & EXECUTABLE_BITS) != 0) {
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
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
