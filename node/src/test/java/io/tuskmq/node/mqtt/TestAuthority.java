package io.tuskmq.node.mqtt;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A CA with the certificates and revocation lists that it signs, made by the JDK's keytool. */
final class TestAuthority {
    private static final char[] PASSWORD = "changeit".toCharArray();

    private final Path dir;
    private final Path store;

    TestAuthority(Path dir) throws IOException, InterruptedException {
        this.dir = dir;
        this.store = dir.resolve("authority.p12");
        pair("ca", "-ext", "bc:c=ca:true", "-ext", "ku=keyCertSign,cRLSign");
    }

    /** A certificate for localhost. */
    void sign(String name) throws IOException, InterruptedException {
        pair(name, "-signer", "ca", "-ext", "san=dns:localhost");
    }

    /** A CA between the first one and what it signs. */
    void intermediate(String name) throws IOException, InterruptedException {
        pair(name, "-signer", "ca", "-ext", "bc:c=ca:true", "-ext", "ku=keyCertSign,cRLSign");
    }

    void signBy(String authority, String name) throws IOException, InterruptedException {
        pair(name, "-signer", authority, "-ext", "san=dns:localhost");
    }

    private void pair(String name, String... more) throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(
                List.of("-genkeypair", "-alias", name, "-keyalg", "EC", "-dname", "CN=" + name, "-validity", "2"));
        arguments.addAll(List.of(more));
        keytool(arguments);
    }

    /**
     * Of the CA, in a file of that name.
     *
     * @param days how long it counts; below 0: it has expired
     */
    Path revoke(String file, int days, String... names)
            throws IOException, InterruptedException, GeneralSecurityException {
        return revokeBy("ca", file, days, names);
    }

    Path revokeBy(String authority, String file, int days, String... names)
            throws IOException, InterruptedException, GeneralSecurityException {
        List<String> arguments = new ArrayList<>(List.of("-gencrl", "-rfc", "-alias", authority));
        for (String name : names) {
            arguments.add("-id");
            arguments.add(certificate(name).getSerialNumber().toString());
        }
        Path path = dir.resolve(file);
        arguments.addAll(List.of("-file", path.toString(), "-validity", String.valueOf(Math.abs(days))));
        if (days < 0) {
            // Ended a minute ago: within the quarter of an hour for which Java alone would go on with it.
            arguments.addAll(List.of("-startdate", "-" + -days + "d-1M"));
        }
        keytool(arguments);
        return path;
    }

    private void keytool(List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(arguments);
        command.addAll(
                List.of("-storetype", "PKCS12", "-keystore", store.toString(), "-storepass", new String(PASSWORD)));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IOException(said);
        }
    }

    private KeyStore load() throws IOException, GeneralSecurityException {
        return KeyStore.getInstance(store.toFile(), PASSWORD);
    }

    X509Certificate certificate(String name) throws IOException, GeneralSecurityException {
        return (X509Certificate) load().getCertificate(name);
    }

    /** As the client shows it: its own first. */
    List<X509Certificate> chain(String name) throws IOException, GeneralSecurityException {
        return Arrays.stream(load().getCertificateChain(name))
                .map(X509Certificate.class::cast)
                .toList();
    }

    String certificatePem(String name) throws IOException, GeneralSecurityException {
        StringBuilder chain = new StringBuilder();
        for (Certificate one : load().getCertificateChain(name)) {
            chain.append(pem("CERTIFICATE", one.getEncoded()));
        }
        return chain.toString();
    }

    String keyPem(String name) throws IOException, GeneralSecurityException {
        return pem("PRIVATE KEY", load().getKey(name, PASSWORD).getEncoded());
    }

    /** A file with the CA's certificate. */
    Path authorityFile() throws IOException, GeneralSecurityException {
        return Files.writeString(dir.resolve("ca.pem"), certificatePem("ca"));
    }

    private static String pem(String type, byte[] der) {
        byte[] line = "\n".getBytes(StandardCharsets.US_ASCII);
        String body = Base64.getMimeEncoder(64, line).encodeToString(der);
        return "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n";
    }

    /** A client that trusts the CA and shows the certificate of that name. */
    SSLContext client(String name) throws IOException, GeneralSecurityException {
        KeyStore all = load();
        KeyStore own = empty();
        own.setKeyEntry(name, all.getKey(name, PASSWORD), PASSWORD, all.getCertificateChain(name));
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, PASSWORD);
        KeyStore trusted = empty();
        trusted.setCertificateEntry("ca", all.getCertificate("ca"));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), new SecureRandom());
        return context;
    }

    private static KeyStore empty() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }
}
