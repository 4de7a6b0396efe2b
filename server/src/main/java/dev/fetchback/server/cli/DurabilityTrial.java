package dev.fetchback.server.cli;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Submits under load, kills the server, starts it again; in the end everything that was acknowledged must have been delivered.
 */
final class DurabilityTrial implements AutoCloseable {
    /** What the server may have in flight at once; a kill repeats no more deliveries than that. */
    static final int IN_FLIGHT = 64;

    private static final int SUBMITTERS = 8;
    private static final long ROUND_SECONDS = 60;
    // longer than every retry of the settings below, a killed fetch's time-out included
    private static final long STUCK_SECONDS = 30;
    private static final long POLL_MILLIS = 50;
    private static final long QUIET_MILLIS = 500;
    private static final int LATER_MILLIS_MAX = 40; // a kill comes up to this long after the count that triggers it
    private static final byte[] PAGE = "x".repeat(1024).getBytes(StandardCharsets.US_ASCII);

    private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
    private final AtomicLong submitted = new AtomicLong();
    private final Plan plan;
    private long stuckSeconds = STUCK_SECONDS;
    private final Terminal terminal;
    private final String secret = Receiver.newSecret(new SecureRandom());
    private final TempFolder folder;
    private final Loopback pages;
    private final Receiver receiver;

    /**
     * What is done.
     *
     * @param command starts a server, without flags
     * @param rounds kills
     * @param tasksPerRound most tasks submitted before a kill
     * @param random when to kill
     */
    record Plan(List<String> command, int rounds, int tasksPerRound, RandomGenerator random) {}

    /**
     * What came of it.
     *
     * @param submitted requests sent
     * @param acknowledged answered with 202
     * @param delivered acknowledged tasks that arrived
     * @param lost acknowledged tasks that did not
     * @param repeated deliveries beyond the first of a task
     * @param unverified deliveries with a wrong signature
     * @param failures deliveries that told of a failure instead of a page
     * @param exitCode of the last server, which was asked to stop
     */
    record Audit(
            long submitted, long acknowledged, long delivered, long lost, long repeated, long unverified, long failures,
            int exitCode) {}

    DurabilityTrial(Plan plan, Terminal terminal) throws IOException {
        this.plan = plan;
        this.terminal = terminal;
        folder = TempFolder.create("fetchback-verify-");
        try {
            pages = new Loopback((request, body) -> page(request));
        } catch (IOException e) {
            folder.close();
            throw e;
        }
        try {
            receiver = new Receiver(secret, false);
        } catch (IOException e) {
            pages.close();
            folder.close();
            throw e;
        }
    }

    /** Gives up after {@code seconds} without a delivery. */
    DurabilityTrial patient(long seconds) {
        stuckSeconds = seconds;
        return this;
    }

    private static Loopback.Answer page(HttpExchange request) {
        boolean page = request.getRequestURI().getPath().startsWith("/page/");
        return page ? new Loopback.Answer(200, "text/plain", PAGE) : Loopback.Answer.NOT_FOUND;
    }

    private ServerProcess start() throws CommandFailed, IOException, InterruptedException {
        String inFlight = Integer.toString(IN_FLIGHT);
        return ServerProcess.start(
                plan.command(),
                List.of(
                        "--port", "0",
                        "--data-dir", folder.path().resolve("data").toString(),
                        "--deliver-to", receiver.url(),
                        "--fetch-allow-networks", "127.0.0.0/8",
                        "--fetch-per-host-gap", "0s",
                        "--fetch-concurrency", inFlight,
                        "--fetch-per-host-concurrency", inFlight,
                        "--fetch-per-address-concurrency", inFlight,
                        "--deliver-concurrency", inFlight,
                        "--deliver-per-endpoint-concurrency", inFlight,
                        "--fetch-backoff", "100ms",
                        "--deliver-schedule", "0s,100ms,300ms,1s",
                        "--drain", "5s"),
                secret,
                folder.path());
    }

    /** Runs all rounds, waits for what is outstanding, and counts. */
    Audit run() throws CommandFailed, IOException, InterruptedException {
        for (int round = 1; round <= plan.rounds(); round++) {
            long from = System.nanoTime();
            try (ServerProcess server = start()) {
                long listening = System.nanoTime();
                long before = acknowledged.size();
                submitUntilKilled(server);
                terminal.out().println(String.format(Locale.ROOT,
                        "round %d: listening after %.2f s, %d acknowledged, killed after %.2f s",
                        round, (listening - from) / 1e9, acknowledged.size() - before, (System.nanoTime() - listening) / 1e9));
            }
        }
        try (ServerProcess server = start()) {
            awaitDeliveries();
            int exitCode = server.stop(ROUND_SECONDS);
            long arrived = acknowledged.stream().filter(receiver::has).count();
            return new Audit(submitted.get(), acknowledged.size(), arrived, acknowledged.size() - arrived,
                    receiver.deliveries() - receiver.tasks(), receiver.unverified(), receiver.failures(), exitCode);
        }
    }

    private void submitUntilKilled(ServerProcess server) throws CommandFailed, InterruptedException {
        long killAt = acknowledged.size() + plan.random().nextInt(plan.tasksPerRound());
        int later = plan.random().nextInt(LATER_MILLIS_MAX);
        long most = acknowledged.size() + plan.tasksPerRound();
        CountDownLatch reached = new CountDownLatch(1);
        AtomicReference<@Nullable String> refused = new AtomicReference<>();
        Thread[] submitters = new Thread[SUBMITTERS];
        try (Api api = Api.at("http://127.0.0.1:" + server.port(), "verify-durability", null)) {
            for (int i = 0; i < SUBMITTERS; i++) {
                submitters[i] = Thread.ofVirtual().name("submit " + i).start(() -> {
                    try {
                        while (acknowledged.size() < most && submit(api)) {
                            if (acknowledged.size() >= killAt) {
                                reached.countDown();
                            }
                        }
                    } catch (CommandFailed e) {
                        refused.compareAndSet(null, e.getMessage());
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    } finally {
                        if (refused.get() != null) {
                            reached.countDown();
                        }
                    }
                });
            }
            boolean inTime = reached.await(ROUND_SECONDS, TimeUnit.SECONDS);
            String reason = refused.get();
            TimeUnit.MILLISECONDS.sleep(later);
            server.kill();
            for (Thread submitter : submitters) {
                submitter.join();
            }
            if (!inTime || reason != null) {
                throw new CommandFailed(CommandFailed.FAILED, (reason == null ? "the server takes no tasks" : reason)
                        + "; it said:\n" + server.log());
            }
        }
    }

    /** False when the server is gone; throws when it refuses. */
    private boolean submit(Api api) throws CommandFailed, InterruptedException {
        String url = pages.origin() + "/page/" + submitted.incrementAndGet();
        // A kill counts as an attempt, so that a page that kills its server comes to an end; here kills are not the pages' fault.
        String task = "{\"url\":\"" + url + "\",\"fetch\":{\"max_attempts\":20},\"deliver\":{\"to\":\"" + receiver.url()
                + "\",\"max_attempts\":20}}";
        Api.Answer answer;
        try {
            answer = api.post("/v1/tasks", task);
        } catch (CommandFailed gone) {
            return false;
        }
        if (answer.status() == 202) {
            Json.text(Json.object(answer.body()), "id").ifPresent(acknowledged::add);
        } else if (answer.status() == 429 || answer.status() == 503) {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        } else {
            answer.orFail();
        }
        return true;
    }

    // Until nothing is outstanding, or nothing has come for so long that nothing will.
    private void awaitDeliveries() throws InterruptedException {
        Set<String> outstanding = ConcurrentHashMap.newKeySet();
        outstanding.addAll(acknowledged);
        long progressAt = System.nanoTime();
        long seen = -1;
        while (true) {
            outstanding.removeIf(receiver::has);
            long deliveries = receiver.deliveries();
            if (deliveries != seen) {
                seen = deliveries;
                progressAt = System.nanoTime();
            }
            long quiet = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - progressAt);
            if (outstanding.isEmpty() ? quiet > QUIET_MILLIS : quiet > TimeUnit.SECONDS.toMillis(stuckSeconds)) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
    }

    @Override
    public void close() throws IOException {
        receiver.close();
        pages.close();
        folder.close();
    }
}
