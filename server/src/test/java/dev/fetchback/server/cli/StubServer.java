package dev.fetchback.server.cli;

import com.sun.net.httpserver.HttpExchange;
import dev.fetchback.server.config.Config;
import dev.fetchback.server.config.Settings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The least that keeps the promises the commands look at: a journal, a fetch, a signed delivery. */
final class StubServer implements RunningServer {
    private final HttpClient client = HttpClient.newHttpClient();
    private final ExecutorService work = Executors.newVirtualThreadPerTaskExecutor();
    private final Config config;
    private final FileChannel journal;
    private final Loopback http;
    private final String flaw;
    private int count;

    /** @param flaw what is wrong with it: {@code none}, {@code loses}, {@code unsigned}, {@code fails} */
    private StubServer(Config config, String flaw) throws IOException {
        this.config = config;
        this.flaw = flaw;
        Path file = Files.createDirectories(config.get(Settings.DATA_DIR)).resolve("journal");
        Map<String, String> waiting = new LinkedHashMap<>();
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                String[] parts = line.split(" ", -1);
                if (parts[0].equals("done")) {
                    waiting.remove(parts[1]);
                } else if (parts.length == 2) {
                    waiting.put(parts[0], parts[1]);
                }
            }
        }
        journal = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND, StandardOpenOption.WRITE);
        http = new Loopback(this::answer);
        waiting.forEach((id, url) -> work.execute(() -> relay(id, url)));
    }

    static RunningServer start(Config config) throws IOException {
        return new StubServer(config, System.getProperty("flaw", "none"));
    }

    static ServerStart with(String flaw) {
        return config -> new StubServer(config, flaw);
    }

    private void write(String line) throws IOException {
        journal.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    private Loopback.Answer answer(HttpExchange request, byte[] body) throws IOException {
        String url;
        try {
            url = Json.text(Json.object(new String(body, StandardCharsets.UTF_8)), "url").orElseThrow();
        } catch (CommandFailed e) {
            throw new IOException(e);
        }
        String id;
        synchronized (this) {
            count++;
            id = "tsk_" + Long.toString(System.nanoTime(), 36) + "x" + count;
            boolean lost = flaw.equals("loses") && count % 5 == 0;
            if (!lost) {
                write(id + " " + url);
                journal.force(false);
                work.execute(() -> relay(id, url));
            }
        }
        return new Loopback.Answer(202, "application/json", ("{\"id\":\"" + id + "\",\"state\":\"queued\"}")
                .getBytes(StandardCharsets.US_ASCII));
    }

    private void relay(String id, String url) {
        try {
            String page = client.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString()).body();
            String type = flaw.equals("fails") ? "task.failed" : "task.succeeded";
            String envelope = "{\"type\":\"" + type + "\",\"data\":{\"id\":\"" + id + "\",\"url\":" + Json.quote(url)
                    + ",\"status\":200,\"body\":"
                    + Json.quote(page) + "}}";
            long now = 1_700_000_000L;
            String signature = flaw.equals("unsigned") ? "v1,AAAA" : "v1,AAAA v1," + sign(id + "." + now + "." + envelope);
            HttpRequest delivery = HttpRequest.newBuilder(config.find(Settings.DELIVER_TO).orElseThrow())
                    .header("webhook-id", id)
                    .header("webhook-timestamp", Long.toString(now))
                    .header("webhook-signature", signature)
                    .header("fetchback-task-id", id)
                    .header("fetchback-attempt", "1")
                    .POST(BodyPublishers.ofString(envelope))
                    .build();
            if (client.send(delivery, BodyHandlers.discarding()).statusCode() == 204) {
                write("done " + id);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String sign(String signed) {
        try {
            byte[] secret = Base64.getDecoder().decode(config.get(Settings.DELIVER_SECRET).substring("whsec_".length()));
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            return Base64.getEncoder().encodeToString(mac.doFinal(signed.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public int port() {
        return URI.create(http.origin()).getPort();
    }

    @Override
    public void close() {
        http.close();
        work.close();
        client.shutdownNow();
        try {
            journal.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
