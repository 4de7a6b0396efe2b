package dev.fetchback.deliver;

import dev.fetchback.outbound.BadUrl;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.Header;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Page;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Pages and tasks for tests. */
final class Pages {
    static final long FETCHED_AT = 1_795_355_402_512L;
    static final TaskId ID = new TaskId(1_795_355_400_000L << 16, 42);
    static final String TO = "https://api.example/hooks?key=1";

    static final InProcess NONE_IN_PROCESS = new InProcess(List.of(), () -> FETCHED_AT, Duration.ZERO);

    private static final String[] WORDS =
            "the price of a background task is what it costs to wait for it while nothing else is done about it".split(" ");

    private Pages() {}

    static TaskSpec spec() {
        return spec(DeliverOptions.to(TO));
    }

    static TaskSpec spec(@Nullable DeliverOptions deliver) {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("order", "42");
        metadata.put("a \"b\"", "zeile\n\u00e4\ud83d\ude00");
        return new TaskSpec(
                "https://example.com/p/1?q=a&b=\u00fc",
                TaskSpec.Request.GET,
                FetchOptions.DEFAULT,
                List.of(),
                deliver,
                TaskSpec.Schedule.NOW,
                new TaskSpec.Tags(null, null, List.of("nightly", "x"), metadata));
    }

    static Task task() {
        return task(TO, null);
    }

    static Task task(String to, @Nullable Outcome outcome) {
        Task.Plan plan = new Task.Plan("example.com:443", receiverId(to), 5, 3, 10, 0, 0);
        Phase phase = outcome == null ? Phase.FETCH_RUNNING : Phase.DELIVER_RUNNING;
        return new Task(ID, plan, phase, 0, new Task.Fence(1, 1), new Task.Progress(0, 1, 0, 1, outcome, null, false, 0));
    }

    static String receiverId(String url) {
        try {
            return Endpoints.receiverId(url);
        } catch (BadUrl e) {
            throw new IllegalArgumentException(e);
        }
    }

    static Outcome.Fetched fetched(byte[] body) {
        return fetched(body, "text/html; charset=utf-8");
    }

    static Outcome.Fetched fetched(byte[] body, @Nullable String contentType) {
        List<Header> headers = List.of(
                new Header("server", "nginx/1.22.1"),
                new Header("date", "Sun, 22 Nov 2026 15:48:00 GMT"),
                new Header("content-type", contentType == null ? "" : contentType),
                new Header("content-length", Integer.toString(body.length)),
                new Header("last-modified", "Sun, 22 Nov 2026 15:40:00 GMT"),
                new Header("connection", "keep-alive"),
                new Header("etag", "\"6566b2a0-2800\""),
                new Header("accept-ranges", "bytes"));
        Page page = new Page(
                200, "https://example.com/p/1", headers, contentType, body.length, sha256(body), FETCHED_AT, 131);
        return new Outcome.Fetched(page, 0);
    }

    static String sha256(byte[] body) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Markup with indented lines, attributes and a script: about one byte in fifteen needs an escape. */
    static byte[] html(RandomGenerator random, int bytes) {
        StringBuilder html = new StringBuilder("<!doctype html>\n<html lang=\"en\">\n<head>\n\t<meta charset=\"utf-8\">\n");
        while (html.length() < bytes) {
            html.append("    <div class=\"item\" id=\"i").append(random.nextInt(10_000)).append("\">\n      <a href=\"/p/");
            html.append(random.nextInt(100_000)).append("\">").append(words(random, 4)).append("</a>\n      <p>");
            html.append(words(random, 12)).append(random.nextInt(12) == 0 ? " \u2013 caf\u00e9" : "");
            html.append("</p>\n    </div>\n");
        }
        return html.toString().getBytes(StandardCharsets.UTF_8);
    }

    static byte[] cyrillic(RandomGenerator random, int bytes) {
        StringBuilder html = new StringBuilder();
        while (html.length() < bytes / 2) {
            html.append("<p class=\"t\">");
            for (int i = 0; i < 80; i++) {
                html.append(random.nextInt(7) == 0 ? ' ' : (char) (0x430 + random.nextInt(32)));
            }
            html.append("</p>\n");
        }
        return html.toString().getBytes(StandardCharsets.UTF_8);
    }

    static byte[] json(RandomGenerator random, int bytes) {
        StringBuilder json = new StringBuilder("[");
        while (json.length() < bytes) {
            json.append("{\"id\":").append(random.nextInt(1000)).append(",\"name\":\"").append(words(random, 2)).append("\"},");
        }
        return json.append("{}]").toString().getBytes(StandardCharsets.UTF_8);
    }

    private static String words(RandomGenerator random, int count) {
        StringBuilder words = new StringBuilder();
        for (int i = 0; i < count; i++) {
            words.append(i == 0 ? "" : " ").append(WORDS[random.nextInt(WORDS.length)]);
        }
        return words.toString();
    }
}
