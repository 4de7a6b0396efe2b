package dev.fetchback.deliver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Processed;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Bytes;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EnvelopeTest {
    private static final int INLINE_MAX = 20_000;

    private final LinkSigner links = new LinkSigner(new byte[32], "https://fb.example");
    private final Envelope envelope = new Envelope(INLINE_MAX, links);

    @Test
    void tellsAllOfAPage() {
        byte[] body = "<p class=\"x\">\n\u00e4\u20ac\ud83d\ude00</p>".getBytes(StandardCharsets.UTF_8);
        Outcome.Fetched outcome = Pages.fetched(body);
        Map<String, Object> root = parsed(outcome, Envelope.Content.Page.INLINE, body);
        assertThat(root.keySet()).containsExactly("type", "timestamp", "data");
        assertThat(root).containsEntry("type", "task.succeeded").containsEntry("timestamp", "2026-11-22T13:50:02.512Z");
        Map<String, Object> data = data(root);
        assertThat(data.keySet())
                .containsExactly(
                        "id", "url", "final_url", "status", "headers", "content_type", "bytes", "sha256", "body",
                        "fetch", "metadata", "labels");
        assertThat(data)
                .containsEntry("id", Pages.ID.toString())
                .containsEntry("url", "https://example.com/p/1?q=a&b=\u00fc")
                .containsEntry("final_url", "https://example.com/p/1")
                .containsEntry("status", 200L)
                .containsEntry("content_type", "text/html; charset=utf-8")
                .containsEntry("bytes", (long) body.length)
                .containsEntry("sha256", Pages.sha256(body))
                .containsEntry("body", new String(body, StandardCharsets.UTF_8))
                .containsEntry("fetch", Map.of("attempts", 1L, "timing_ms", Map.of("total", 131L)))
                .containsEntry("metadata", Map.of("order", "42", "a \"b\"", "zeile\n\u00e4\ud83d\ude00"))
                .containsEntry("labels", List.of("nightly", "x"));
        assertThat((List<?>) data.get("headers")).hasSize(8).element(0).isEqualTo(List.of("server", "nginx/1.22.1"));
    }

    @Test
    void pagesReadBackAsTheyWere() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 600; round++) {
            int size = random.nextInt(INLINE_MAX / 2);
            byte[] body = switch (round % 3) {
                case 0 -> Pages.html(random, size);
                case 1 -> Pages.cyrillic(random, size);
                default -> Pages.json(random, size);
            };
            Map<String, Object> data = data(parsed(Pages.fetched(body), Envelope.Content.Page.INLINE, body));
            assertThat(data.get("body")).as("seed %d round %d", seed, round).isEqualTo(new String(body, StandardCharsets.UTF_8));
        }
    }

    @Test
    void anythingElseReadsBackAsBytes() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            byte[] body = new byte[random.nextInt(3000)];
            random.nextBytes(body);
            Map<String, Object> data = data(parsed(Pages.fetched(body, "image/png"), Envelope.Content.Page.INLINE, body));
            assertThat(data).as("seed %d round %d", seed, round).doesNotContainKey("body");
            assertThat(Base64.getDecoder().decode((String) data.get("body_base64"))).isEqualTo(body);
        }
    }

    @ParameterizedTest
    @CsvSource(nullValues = "-", delimiter = '|', value = {
        "text/html; charset=iso-8859-1           | windows-1252",
        "text/plain;charset=\"windows-1251\"     | windows-1251",
        "text/html; a=b; CHARSET=Shift_JIS       | windows-31j",
        "text/html                               | windows-1252",
        "text/css                                | windows-1252",
        "application/xhtml+xml; charset=koi8-r   | KOI8-R",
        "application/json; charset=utf-16be      | UTF-16BE",
    })
    void otherCharsetsBecomeText(String contentType, String charset) {
        String text = switch (charset) {
            case "windows-31j" -> "\u65e5\u672c\u8a9e \"\n";
            case "windows-1251", "KOI8-R" -> "\u043f\u0440\u0438\u0432\u0435\u0442 \"\n";
            default -> "caf\u00e9 \"\n\u00fc";
        };
        byte[] body = text.getBytes(Charset.forName(charset));
        assertThat(body(contentType, body)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "<html><head><meta charset=windows-1251>\u043f\u0440",
        "<META http-equiv=\"Content-Type\" content=\"text/html; CHARSET=windows-1251\">\u043f\u0440",
        "<?xml version=\"1.0\" encoding='windows-1251'?><a>\u043f\u0440</a>",
    })
    void aPageMayNameItsOwnCharset(String text) {
        assertThat(body("text/html", text.getBytes(Charset.forName("windows-1251")))).isEqualTo(text);
    }

    @Test
    void aByteOrderMarkCountsFirstAndIsNoText() {
        assertThat(body("text/html; charset=iso-8859-1", "\ufeff\u00e4".getBytes(StandardCharsets.UTF_8))).isEqualTo("\u00e4");
        assertThat(body("text/html; charset=utf-8", "\ufeff\u00e4".getBytes(StandardCharsets.UTF_16LE))).isEqualTo("\u00e4");
        assertThat(body("text/html", "\ufeff\u00e4".getBytes(StandardCharsets.UTF_16BE))).isEqualTo("\u00e4");
    }

    @Test
    void utf8WithoutACharsetIsText() {
        byte[] body = "\u00e4\u65e5".getBytes(StandardCharsets.UTF_8);
        for (String type : new String[] {"text/html", "application/json", "application/ld+json", "image/svg+xml", "", null}) {
            assertThat(body(type, body)).isEqualTo("\u00e4\u65e5");
        }
        assertThat(body("text/html; charset=no-such-charset", body)).isEqualTo("\u00e4\u65e5");
        assertThat(body("text/html", new byte[0])).isEqualTo("");
    }

    @Test
    void whatCannotBeDecodedStaysBytes() {
        byte[] latin = {'a', (byte) 0xe4, 'b'};
        assertThat(body("text/html; charset=utf-8", latin)).isNull();
        assertThat(body("application/json", latin)).isNull();
        assertThat(body(null, latin)).isNull();
        assertThat(body(null, new byte[] {'a', 0, 'b'})).isNull();
        assertThat(body("text/html; charset=utf-16le", latin)).isNull();
        assertThat(body("application/octet-stream", "text".getBytes(StandardCharsets.UTF_8))).isNull();
        assertThat(body("application/pdf; charset=utf-8", "text".getBytes(StandardCharsets.UTF_8))).isNull();
    }

    @Test
    void tellsAFailure() {
        Problem problem = new Problem(Problem.HTTP_STATUS, "It answered \"500\".", 500);
        Map<String, Object> root = parsed(new Outcome.Failed(problem, Pages.FETCHED_AT), Envelope.Content.Page.NONE, null);
        assertThat(root).containsEntry("type", "task.failed").containsEntry("timestamp", "2026-11-22T13:50:02.512Z");
        assertThat(data(root).keySet()).containsExactly("id", "url", "error", "fetch", "metadata", "labels");
        assertThat(data(root)).containsEntry("fetch", Map.of("attempts", 1L));
        assertThat(data(root).get("error")).isEqualTo(Map.of(
                "type", "urn:fetchback:problem:http_status",
                "title", "Http status",
                "status", 500L,
                "code", "http_status",
                "detail", "It answered \"500\"."));
    }

    @Test
    void tellsThatATaskExpired() {
        Outcome.Failed expired = new Outcome.Failed(new Problem(Problem.EXPIRED, null, 0), 5);
        Map<String, Object> root = parsed(expired, Envelope.Content.Page.NONE, null);
        assertThat(root).containsEntry("type", "task.expired");
        assertThat((Map<?, ?>) data(root).get("error")).hasSize(3);
    }

    @Test
    void aLongPageBecomesALinkThatStaysTheSame() {
        byte[] body = Pages.html(new Random(1), INLINE_MAX + 1);
        Outcome.Fetched outcome = Pages.fetched(body);
        assertThat(envelope.needsLink(outcome)).isTrue();
        Map<String, Object> data = data(parsed(outcome, Envelope.Content.Page.LINK, null));
        long expires = Pages.FETCHED_AT / 1000 + 40 * 86_400;
        assertThat(data).containsEntry("body_url", links.sign(Pages.ID, expires)).doesNotContainKeys("body", "body_base64");
        assertThat(envelope.needsLink(Pages.fetched(new byte[INLINE_MAX]))).isFalse();
    }

    @Test
    void theDataAloneIsThatOfTheEnvelope() throws IOException {
        byte[] body = Pages.html(new Random(1), 5000);
        Outcome.Fetched outcome = Pages.fetched(body);
        Task task = Pages.task(Pages.TO, outcome);
        Map<String, Object> data = Json.object(envelope.data(task, Pages.spec(), new Bytes(body), null));
        assertThat(data).isEqualTo(data(parsed(outcome, Envelope.Content.Page.INLINE, body)));
        assertThat(Json.object(envelope.data(task, Pages.spec(), null, null))).doesNotContainKeys("body", "body_base64", "body_url");
    }

    @Test
    void theDataOfALongPageHasALinkOnlyWhenThePageIsKept() throws IOException {
        byte[] body = Pages.html(new Random(1), INLINE_MAX + 1);
        Outcome.Fetched kept = new Outcome.Fetched(Pages.fetched(body).page(), Pages.FETCHED_AT + 1000);
        assertThat(Json.object(envelope.data(Pages.task(Pages.TO, kept), Pages.spec(), null, null))).containsKey("body_url");
        assertThat(Json.object(envelope.data(Pages.task(Pages.TO, Pages.fetched(body)), Pages.spec(), new Bytes(body), null)))
                .doesNotContainKeys("body", "body_base64", "body_url");
    }

    /** Results are copied as they came, whatever happens to the page. */
    @Test
    void theResultsAreBesideThePage() throws IOException {
        byte[] body = Pages.html(new Random(1), 5000);
        byte[] results = "{\"text\" : \"\u00fcber\",\"links\":[ 12 ]}".getBytes(StandardCharsets.UTF_8);
        Map<String, Problem> failures = new LinkedHashMap<>();
        failures.put("a \"b\"", new Problem(Problem.PROCESS_TIMEOUT, "it took longer than 10 s", 0));
        failures.put("c", new Problem(Problem.PROCESS_FAILED, null, 0));
        Outcome.Fetched outcome = Pages.fetched(body).processed(new Processed(results.length, failures));
        for (Envelope.Content.Page page : Envelope.Content.Page.values()) {
            JsonBytes out = new JsonBytes(0);
            Envelope.Content content = new Envelope.Content(page, page == Envelope.Content.Page.INLINE ? body : null, results);
            envelope.write(out, Pages.task(), Pages.spec(), outcome, content);
            assertThat(out.toString()).as("%s", page).contains(",\"processed\":" + new String(results, StandardCharsets.UTF_8) + ",");
            Map<String, Object> data = data(Json.object(out.copy()));
            assertThat(data.containsKey("body")).isEqualTo(page == Envelope.Content.Page.INLINE);
            assertThat(data.containsKey("body_url")).isEqualTo(page == Envelope.Content.Page.LINK);
            assertThat(data.containsKey("headers")).isEqualTo(page != Envelope.Content.Page.NEITHER_HEADERS);
            assertThat(data).containsKeys("id", "url", "final_url", "status", "content_type", "bytes", "sha256", "fetch", "metadata", "labels");
            assertThat(data.get("process_errors")).isEqualTo(Map.of(
                    "a \"b\"", Map.of("code", "process_timeout", "detail", "it took longer than 10 s"), "c", Map.of("code", "process_failed")));
        }
        Task task = Pages.task(Pages.TO, outcome);
        assertThat(Json.object(envelope.data(task, Pages.spec(), new Bytes(body), new Bytes(results)))).containsKeys("processed", "body");
        assertThat(Json.object(envelope.data(task, Pages.spec(), null, null))).as("dropped").doesNotContainKeys("processed", "body");
    }

    @Test
    void theDataOfAnUnchangedPageSaysSo() throws IOException {
        Outcome same = new Outcome.Unchanged(Pages.fetched(new byte[INLINE_MAX + 1]).page());
        assertThat(Json.object(envelope.data(Pages.task(Pages.TO, same), Pages.spec(), null, null)))
                .containsEntry("unchanged", true)
                .containsKeys("id", "url", "status", "sha256")
                .doesNotContainKeys("body", "body_base64", "body_url", "error");
    }

    @Test
    void emptyMetadataAndLabelsAreThere() {
        JsonBytes out = new JsonBytes(0);
        byte[] body = new byte[0];
        TaskSpec plain = TaskSpec.get("https://example.com/", DeliverOptions.to(Pages.TO));
        envelope.write(out, Pages.task(), plain, Pages.fetched(body, null), new Envelope.Content(Envelope.Content.Page.INLINE, body, null));
        Map<String, Object> data = data(Json.object(out.copy()));
        assertThat(data)
                .containsEntry("metadata", Map.of())
                .containsEntry("labels", List.of())
                .containsEntry("content_type", null);
    }

    private @Nullable Object body(@Nullable String contentType, byte[] body) {
        Map<String, Object> data = data(parsed(Pages.fetched(body, contentType), Envelope.Content.Page.INLINE, body));
        if (!data.containsKey("body")) {
            assertThat(Base64.getDecoder().decode((String) data.get("body_base64"))).isEqualTo(body);
        }
        return data.get("body");
    }

    private Map<String, Object> parsed(Outcome outcome, Envelope.Content.Page page, byte @Nullable [] body) {
        JsonBytes out = new JsonBytes(0);
        envelope.write(out, Pages.task(), Pages.spec(), outcome, new Envelope.Content(page, body, null));
        return Json.object(out.copy());
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> data(Map<String, Object> root) {
        return (Map<String, Object>) root.get("data");
    }
}
