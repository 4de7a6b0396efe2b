package dev.fetchback.server.cli;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.Map;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** A receiver that checks signatures (Standard Webhooks, v1) and remembers what came. */
final class Receiver implements AutoCloseable {
    private static final String PREFIX = "whsec_";
    private static final int SECRET_BYTES = 32;

    private final Map<String, CompletableFuture<Delivery>> first = new ConcurrentHashMap<>();
    private final AtomicLong deliveries = new AtomicLong();
    private final AtomicLong unverified = new AtomicLong();
    private final AtomicLong failures = new AtomicLong();
    private final boolean keepBodies;
    private final SecretKeySpec key;
    private final Loopback server;

    /**
     * The first delivery of a task.
     *
     * @param nanos when it was there, as {@link System#nanoTime} counts
     * @param webhookId of the outcome
     * @param attempt as the server counts
     * @param verified whether the signature fits
     * @param body as it came; empty unless bodies are kept
     */
    record Delivery(long nanos, String webhookId, String attempt, boolean verified, String body) {}

    /**
     * @param secret that the server signs with
     * @param keepBodies false when there will be many
     */
    Receiver(String secret, boolean keepBodies) throws IOException {
        this.keepBodies = keepBodies;
        key = new SecretKeySpec(Base64.getDecoder().decode(secret.substring(PREFIX.length())), "HmacSHA256");
        server = new Loopback(this::take);
    }

    /** A secret made from {@code random}. */
    static String newSecret(SecureRandom random) {
        byte[] bytes = new byte[SECRET_BYTES];
        random.nextBytes(bytes);
        return PREFIX + Base64.getEncoder().encodeToString(bytes);
    }

    private Loopback.Answer take(HttpExchange request, byte[] body) {
        Headers headers = request.getRequestHeaders();
        String task = headers.getFirst("fetchback-task-id");
        if (task == null) {
            return Loopback.Answer.NOT_FOUND;
        }
        boolean verified = verified(headers, body);
        if (!verified) {
            unverified.incrementAndGet();
        }
        String text = new String(body, StandardCharsets.UTF_8);
        if (!text.contains("\"task.succeeded\"")) {
            failures.incrementAndGet();
        }
        deliveries.incrementAndGet();
        String attempt = Optional.ofNullable(headers.getFirst("fetchback-attempt")).orElse("?");
        String id = Optional.ofNullable(headers.getFirst("webhook-id")).orElse("");
        of(task).complete(new Delivery(System.nanoTime(), id, attempt, verified, keepBodies ? text : ""));
        return Loopback.Answer.NO_CONTENT;
    }

    private CompletableFuture<Delivery> of(String task) {
        return first.computeIfAbsent(task, unseen -> new CompletableFuture<>());
    }

    private boolean verified(Headers headers, byte[] body) {
        String id = headers.getFirst("webhook-id");
        String timestamp = headers.getFirst("webhook-timestamp");
        String given = headers.getFirst("webhook-signature");
        return id != null && timestamp != null && given != null && verified(id + "." + timestamp + ".", body, given);
    }

    // The header may hold several signatures, with spaces between.
    private boolean verified(String head, byte[] body, String given) {
        try {
            Mac mac = Mac.getInstance(key.getAlgorithm());
            mac.init(key);
            mac.update(head.getBytes(StandardCharsets.UTF_8));
            byte[] expected = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes(StandardCharsets.UTF_8);
            for (String one : given.split(" ")) {
                if (MessageDigest.isEqual(expected, one.getBytes(StandardCharsets.UTF_8))) {
                    return true;
                }
            }
            return false;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no HMAC-SHA256", e);
        }
    }

    /** Where the server is to deliver to. */
    String url() {
        return server.origin() + "/hook";
    }

    /** The task's first delivery; empty when none comes within {@code millis}. */
    Optional<Delivery> await(String task, long millis) throws InterruptedException {
        try {
            return Optional.of(of(task).get(millis, TimeUnit.MILLISECONDS));
        } catch (TimeoutException | ExecutionException e) {
            return Optional.empty();
        }
    }

    /** Whether the task was delivered. */
    boolean has(String task) {
        CompletableFuture<Delivery> delivery = first.get(task);
        return delivery != null && delivery.isDone();
    }

    /** Different tasks delivered so far. */
    long tasks() {
        return first.values().stream().filter(CompletableFuture::isDone).count();
    }

    /** All deliveries so far, repeated ones too. */
    long deliveries() {
        return deliveries.get();
    }

    /** Deliveries whose signature did not fit. */
    long unverified() {
        return unverified.get();
    }

    /** Deliveries that told of a failure. */
    long failures() {
        return failures.get();
    }

    @Override
    public void close() {
        server.close();
    }
}
