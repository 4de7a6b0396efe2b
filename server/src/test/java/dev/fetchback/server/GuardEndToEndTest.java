package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.server.config.ConfigReader;
import dev.fetchback.store.Engine;
import dev.fetchback.store.OnEachEngine;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;

/** What the whole server refuses to connect to, and how it explains that. */
@Timeout(60)
@OnEachEngine
final class GuardEndToEndTest {
    @TempDir
    Path folder;

    @Parameter
    Engine engine;

    private static String post(Server server, String path, String json) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + server.port() + path);
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(uri).header("content-type", "application/json")
                    .header("prefer", "wait=20").POST(BodyPublishers.ofString(json)).build();
            return client.send(request, BodyHandlers.ofString()).body();
        }
    }

    private Server start(String allow, String deny) throws Exception {
        return Server.start(new ConfigReader(Map.of(), folder).read(List.of(
                "--port", "0", "--ops-port", "0", "--data-dir", folder.resolve("data").toString(), "--store", engine.fresh(),
                "--fetch-allow-networks", allow,
                "--fetch-deny-networks", deny, "--deliver-deny-networks", "8.8.8.8", "--fetch-per-host-gap", "0s",
                "--deliver-to", "http://localhost:3999/", "--dns-servers", "127.0.0.1:9")));
    }

    private static String check(Server server, String url, String stage) throws Exception {
        return post(server, "/v1/check", "{\"url\":\"" + url + "\",\"for\":\"" + stage + "\"}");
    }

    @Test
    void checkTellsWhatWouldHappenAndConnectsToNobody() throws Exception {
        CountDownLatch connected = new CountDownLatch(1);
        try (ServerSocket canary = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
                Server server = start("127.0.0.0/8", "127.0.0.2/32")) {
            Thread.ofVirtual().start(() -> {
                try {
                    canary.accept().close();
                    connected.countDown();
                } catch (IOException e) {
                    // closed
                }
            });
            String url = "http://LOCALHOST:" + canary.getLocalPort() + "/x?y=1";
            assertThat(check(server, url, "fetch")).isEqualTo("{\"url\":\"http://localhost:" + canary.getLocalPort() + "/x?y=1\","
                    + "\"for\":\"fetch\",\"allowed\":true,"
                    + "\"code\":null,\"reason\":null,\"rule\":null,\"entry\":null,\"hint\":null,"
                    + "\"target\":{\"scheme\":\"http\",\"host\":\"localhost\",\"port\":" + canary.getLocalPort()
                    + ",\"path\":\"/x?y=1\"},\"source\":\"dns\",\"aliases\":[],\"ttl_seconds\":0,\"addresses\":[{\"address\":"
                    + "\"127.0.0.1\",\"allowed\":true,\"rule\":\"allow_list\",\"entry\":\"127.0.0.0/8\"}]}");
            assertThat(check(server, url, "deliver"))
                    .contains("\"rule\":\"name\",\"entry\":\"*.localhost\"", "\"source\":\"none\"",
                            "To allow it, add 127.0.0.1/32:" + canary.getLocalPort() + " to deliver-allow-networks.");
            assertThat(check(server, "http://127.0.0.1:" + canary.getLocalPort() + "/", "deliver"))
                    .contains("\"code\":\"blocked_address\"", "\"rule\":\"special\",\"entry\":\"127.0.0.0/8\"");
            assertThat(check(server, "http://127.0.0.2/", "fetch")).contains("\"rule\":\"deny_list\",\"entry\":\"127.0.0.2/32\"");
            assertThat(check(server, "http://8.8.8.8/", "deliver")).contains("\"rule\":\"deny_list\",\"entry\":\"8.8.8.8\"");
            assertThat(check(server, "http://8.8.8.8/", "fetch")).contains("\"allowed\":true", "\"rule\":\"public\"");
            assertThat(check(server, "http://169.254.169.254/", "fetch")).contains("\"rule\":\"metadata\"",
                    "Only naming exactly this address opens it: add 169.254.169.254/32:80 to fetch-allow-networks.");
            assertThat(check(server, "http://[fd00::1]:8081/", "fetch"))
                    .contains("To allow it, add [fd00:0:0:0:0:0:0:1/128]:8081 to fetch-allow-networks.");
            assertThat(check(server, "http://db.internal/", "deliver"))
                    .contains("add those of your hosts, such as 10.0.0.0/8:80.");
            assertThat(check(server, "http://x.onion/", "fetch")).contains("\"rule\":\"not_dns\"", "nothing opens them");
            assertThat(check(server, "http://localhost:3999/", "deliver"))
                    .contains("\"rule\":\"trusted\"", "\"source\":\"system\"");
            assertThat(check(server, "http://nowhere.test/", "fetch")).contains("\"code\":\"dns_failed\"", "no name server");
            assertThat(check(server, "http://127.0.0.1:22/", "fetch")).contains("\"code\":\"invalid_url\"", "22");
            assertThat(connected.await(0, TimeUnit.SECONDS)).as("a connection to the target").isFalse();
            new Socket(canary.getInetAddress(), canary.getLocalPort()).close();
            assertThat(connected.await(5, TimeUnit.SECONDS)).as("the canary is awake").isTrue();
        }
    }

    @Test
    void itsOwnApiIsNotFetchedAlthoughLoopbackIsAllowed() throws Exception {
        try (Server server = start("127.0.0.0/8", "10.0.0.0/8")) {
            assertThat(check(server, "http://127.0.0.1:" + server.opsPort() + "/metrics", "fetch"))
                    .contains("\"rule\":\"own_port\"", "This server itself listens there. Only naming the port opens it: "
                            + "add 127.0.0.1/32:" + server.opsPort());
            for (String host : List.of("127.0.0.1", "127.0.0.2", "localhost")) {
                String own = "http://" + host + ":" + server.port() + "/health/live";
                assertThat(check(server, own, "fetch")).contains("\"rule\":\"own_port\"");
                assertThat(post(server, "/v1/tasks", "{\"url\":\"" + own + "\",\"deliver\":null}"))
                        .contains("\"code\":\"blocked_address\"", "the URL leads to an address that is not allowed",
                                "'fetchback check' tells the operator why");
            }
            URI metrics = URI.create("http://127.0.0.1:" + server.opsPort() + "/metrics");
            try (HttpClient client = HttpClient.newHttpClient()) {
                assertThat(client.send(HttpRequest.newBuilder(metrics).build(), BodyHandlers.ofString()).body())
                        .contains("fetchback_connections_blocked_total{to=\"page\"} 3.0"); // by tasks, not by checks
            }
        }
    }
}
