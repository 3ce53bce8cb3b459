package io.tuskmq.load;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;

/**
 * A key with a self-signed certificate, made by the JDK's keytool.
 *
 * @param pem the certificate's file, for who is to trust it
 */
record TestCertificate(KeyManagerFactory keys, Path pem) {
    private static final String PASSWORD = "changeit";

    /** @param holder for whom it is: {@code ip:127.0.0.1}, {@code dns:broker.example} */
    static TestCertificate make(Path directory, String name, String holder)
            throws IOException, GeneralSecurityException, InterruptedException {
        Path store = directory.resolve(name + ".p12");
        String keytool =
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        String options = "-genkeypair -keyalg EC -validity 2 -ext bc:c=ca:true -storetype PKCS12 -storepass " + PASSWORD
                + " -alias " + name + " -dname CN=" + name + " -ext san=" + holder;
        List<String> command = new java.util.ArrayList<>(List.of(keytool, "-keystore", store.toString()));
        command.addAll(List.of(options.split(" ")));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getInputStream().transferTo(OutputStream.nullOutputStream());
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IOException("keytool failed");
        }
        KeyStore loaded = KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(loaded, PASSWORD.toCharArray());
        byte[] line = "\n".getBytes(StandardCharsets.US_ASCII);
        String body = Base64.getMimeEncoder(64, line)
                .encodeToString(loaded.getCertificate(name).getEncoded());
        Path pem = Files.writeString(
                directory.resolve(name + ".pem"),
                "-----BEGIN CERTIFICATE-----\n" + body + "\n-----END CERTIFICATE-----\n");
        return new TestCertificate(keys, pem);
    }
}
