package dev.fetchback.outbound;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Certificates of this run, made once: for secure.test, *.wild.test and 127.0.0.1. */
final class TestKeys {
    private static final char[] PASSWORD = "changeit".toCharArray();

    private static final class Made {
        static final TestKeys KEYS = make();
    }

    private final SSLContext valid;
    private final SSLContext expired;
    private final SSLContext withoutIntermediate;
    private final SSLContext trust;

    private TestKeys(KeyStore keys) throws GeneralSecurityException, IOException {
        KeyStore trusted = empty();
        trusted.setCertificateEntry("ca", keys.getCertificate("ca"));
        TrustManagerFactory trustManagers = TrustManagerFactory.getInstance("PKIX");
        trustManagers.init(trusted);
        this.trust = SSLContext.getInstance("TLS");
        trust.init(null, trustManagers.getTrustManagers(), null);
        this.valid = server(keys, "valid", keys.getCertificateChain("valid"));
        this.expired = server(keys, "expired", keys.getCertificateChain("expired"));
        this.withoutIntermediate = server(keys, "deep", new Certificate[] {keys.getCertificate("deep")});
    }

    private static KeyStore empty() throws GeneralSecurityException, IOException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(null, null);
        return keys;
    }

    private static final class KeyStoreFailed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        KeyStoreFailed(Throwable cause) {
            super("the test's certificates could not be made", cause);
        }
    }

    /** A server's side, with the valid certificate. */
    static SSLContext valid() {
        return Made.KEYS.valid;
    }

    /** A server's side, with a certificate that expired. */
    static SSLContext expired() {
        return Made.KEYS.expired;
    }

    /** A server's side that does not send the certificate between its own and the authority's. */
    static SSLContext withoutIntermediate() {
        return Made.KEYS.withoutIntermediate;
    }

    /** A client's side that trusts the authority of all of them. */
    static SSLContext trust() {
        return Made.KEYS.trust;
    }

    private static SSLContext server(KeyStore keys, String alias, Certificate[] chain) throws GeneralSecurityException, IOException {
        KeyStore own = empty();
        own.setKeyEntry(alias, keys.getKey(alias, PASSWORD), PASSWORD, chain);
        KeyManagerFactory keyManagers = KeyManagerFactory.getInstance("PKIX");
        keyManagers.init(own, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keyManagers.getKeyManagers(), null, null);
        return context;
    }

    private static TestKeys make() {
        try {
            Path directory = Files.createTempDirectory("fetchback-keys");
            Path store = directory.resolve("keys.p12");
            Path log = directory.resolve("keytool.log");
            try {
                String names = "SAN=dns:secure.test,dns:*.wild.test,ip:127.0.0.1";
                keytool(store, log, "-alias", "ca", "-dname", "CN=ca", "-ext", "bc=ca:true", "-validity", "30");
                keytool(store, log, "-alias", "between", "-dname", "CN=between", "-ext", "bc=ca:true", "-signer", "ca", "-validity", "30");
                keytool(store, log, "-alias", "valid", "-dname", "CN=secure.test", "-ext", names, "-signer", "ca", "-validity", "30");
                keytool(store, log, "-alias", "deep", "-dname", "CN=secure.test", "-ext", names, "-signer", "between", "-validity", "30");
                keytool(store, log, "-alias", "expired", "-dname", "CN=secure.test", "-ext", names, "-signer", "ca", "-startdate", "-30d",
                        "-validity", "10");
                KeyStore keys = empty();
                try (InputStream in = Files.newInputStream(store)) {
                    keys.load(in, PASSWORD);
                }
                return new TestKeys(keys);
            } finally {
                Files.deleteIfExists(store);
                Files.deleteIfExists(log);
                Files.delete(directory);
            }
        } catch (IOException | GeneralSecurityException | InterruptedException e) {
            throw new KeyStoreFailed(e);
        }
    }

    private static void keytool(Path store, Path log, String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-J-XX:TieredStopAtLevel=1", "-genkeypair", "-keyalg",
                "EC", "-storetype", "PKCS12", "-keystore", store.toString(), "-storepass", new String(PASSWORD)));
        command.addAll(List.of(options));
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        if (!keytool.waitFor(60, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
            keytool.destroyForcibly();
            throw new IOException("keytool failed: " + Files.readString(log));
        }
    }
}
