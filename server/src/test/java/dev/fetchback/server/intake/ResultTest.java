package dev.fetchback.server.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.task.Phase;
import dev.fetchback.task.TaskId;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResultTest {
    private static final String URL = "{\"url\":\"https://example.com/\"}";
    private static final String ETAG = "\"abcd\"";

    private final byte[] page = new byte[200_000];
    private Api api;
    private TaskId id;

    @BeforeEach
    void open() throws Exception {
        new Random(1).nextBytes(page);
        api = Api.open();
        id = api.submit(URL);
        api.tasks.succeed(id, page, "text/html; charset=utf-8", "abcd");
    }

    @AfterEach
    void close() {
        api.close();
    }

    private HttpResponse<byte[]> result(String... headers) throws Exception {
        return api.bytes("/v1/tasks/" + id + "/result", headers);
    }

    @Test
    void thePageComesWholeAndInert() throws Exception {
        HttpResponse<byte[]> response = result();
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(page);
        assertThat(response.headers().firstValue("Content-Type")).hasValue("text/html; charset=utf-8");
        assertThat(response.headers().firstValue("Content-Length")).hasValue("200000");
        assertThat(response.headers().firstValue("ETag")).hasValue(ETAG);
        assertThat(response.headers().firstValue("Accept-Ranges")).hasValue("bytes");
        assertThat(response.headers().firstValue("Content-Disposition")).hasValue("attachment; filename=\"" + id + "\"");
        assertThat(response.headers().firstValue("Content-Security-Policy").orElseThrow()).contains("sandbox");
        assertThat(response.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
    }

    @ParameterizedTest
    @CsvSource(
            {"bytes=0-0,0,1", "bytes=10-99,10,100", "bytes=199999-,199999,200000", "bytes=-5,199995,200000", "bytes=5-,5,200000"})
    void aRangeComesAlone(String range, int from, int to) throws Exception {
        HttpResponse<byte[]> response = result("Range", range);
        assertThat(response.statusCode()).isEqualTo(206);
        assertThat(response.body()).isEqualTo(Arrays.copyOfRange(page, from, to));
        assertThat(response.headers().firstValue("Content-Range")).hasValue("bytes " + from + "-" + (to - 1) + "/200000");
        assertThat(response.headers().firstValue("ETag")).hasValue(ETAG);
    }

    @Test
    void theResultsOfProcessingAreNoPartOfThePage() throws Exception {
        String results = "{\"text\":\"\u00e4\"}";
        id = api.submit("{\"url\":\"https://example.com/\",\"process\":[{\"use\":\"text\"}]}");
        api.tasks.processed(id, page, results.getBytes(StandardCharsets.UTF_8), Map.of());
        assertThat(result().body()).isEqualTo(page);
        assertThat(result("Range", "bytes=-5").body()).isEqualTo(Arrays.copyOfRange(page, 199_995, 200_000));
        HttpResponse<byte[]> response = api.bytes("/v1/tasks/" + id + "/processed");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(new String(response.body(), StandardCharsets.UTF_8)).isEqualTo(results);
        assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
        assertThat(response.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
        assertThat(response.headers().firstValue("Accept-Ranges")).as("there are none of it").isEmpty();
        TaskId plain = api.submit(URL);
        api.tasks.succeed(plain, page, "text/html", "abcd");
        assertThat(api.bytes("/v1/tasks/" + plain + "/processed").statusCode()).isEqualTo(404);
    }

    @Test
    void aRangeOutsideIsRefused() throws Exception {
        HttpResponse<byte[]> response = result("Range", "bytes=200000-");
        assertThat(response.statusCode()).isEqualTo(416);
        assertThat(response.headers().firstValue("Content-Range")).hasValue("bytes */200000");
        assertThat(response.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(response.headers().firstValue("Content-Disposition")).isEmpty();
    }

    @Test
    void otherRangesArePassedOver() throws Exception {
        assertThat(result("Range", "bytes=0-1,5-6").statusCode()).isEqualTo(200);
        assertThat(result("Range", "items=0-1").statusCode()).isEqualTo(200);
        assertThat(result("Range", "bytes=0-1", "If-Range", "\"other\"").statusCode()).isEqualTo(200);
        assertThat(result("Range", "bytes=0-1", "If-Range", "Sun, 22 Nov 2026 00:00:00 GMT").statusCode()).isEqualTo(200);
        assertThat(result("Range", "bytes=0-1", "If-Range", ETAG).statusCode()).isEqualTo(206);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"abcd\"", "W/\"abcd\"", "\"x\", \"abcd\"", "*"})
    void whoHasThePageIsToldSo(String tag) throws Exception {
        HttpResponse<byte[]> response = result("If-None-Match", tag);
        assertThat(response.statusCode()).isEqualTo(304);
        assertThat(response.body()).isEmpty();
        assertThat(response.headers().firstValue("ETag")).hasValue(ETAG);
        assertThat(result("If-None-Match", "\"x\"").statusCode()).isEqualTo(200);
    }

    @Test
    void theHeadComesAlone() throws Exception {
        HttpResponse<String> response = api.send("HEAD", "/v1/tasks/" + id + "/result", null, "Range", "bytes=0-1");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEmpty();
        assertThat(response.headers().firstValue("Content-Length")).hasValue("200000");
    }

    @Test
    void anEmptyPageIsAPage() throws Exception {
        TaskId empty = api.submit(URL);
        api.tasks.succeed(empty, new byte[0], "", "e3b0");
        HttpResponse<byte[]> response = api.bytes("/v1/tasks/" + empty + "/result");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEmpty();
        assertThat(response.headers().firstValue("Content-Type")).hasValue("application/octet-stream");
        assertThat(api.bytes("/v1/tasks/" + empty + "/result", "Range", "bytes=0-").statusCode()).isEqualTo(416);
    }

    @Test
    void aContentTypeThatBreaksTheHeadIsReplaced() throws Exception {
        TaskId odd = api.submit(URL);
        api.tasks.succeed(odd, new byte[1], "text/html\r\nSet-Cookie: a=b", "aa");
        HttpResponse<byte[]> response = api.bytes("/v1/tasks/" + odd + "/result");
        assertThat(response.headers().firstValue("Content-Type")).hasValue("application/octet-stream");
        assertThat(response.headers().firstValue("Set-Cookie")).isEmpty();
    }

    @Test
    void thereIsNoResultWithoutAKeptPage() throws Exception {
        TaskId waiting = api.submit(URL);
        assertThat(api.bytes("/v1/tasks/" + waiting + "/result").statusCode()).isEqualTo(404);
        api.tasks.fail(waiting, Phase.FAILED, "http_status");
        assertThat(api.bytes("/v1/tasks/" + waiting + "/result").statusCode()).isEqualTo(404);
        api.clock.addAndGet(60_001);
        HttpResponse<byte[]> over = result();
        assertThat(new String(over.body(), StandardCharsets.UTF_8)).contains("\"code\":\"no_result\"");
    }

    @Test
    void thereIsNoResultOfAnUnchangedPage() throws Exception {
        TaskId same = api.submit(URL);
        api.tasks.unchanged(same, "abcd");
        HttpResponse<byte[]> answer = api.bytes("/v1/tasks/" + same + "/result");
        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(new String(answer.body(), StandardCharsets.UTF_8)).contains("\"code\":\"no_result\"", "same as the last time");
    }

    @Test
    void aSignedLinkNeedsNoTokenAndNoHost() throws Exception {
        String link = "/v1/tasks/" + id + "/result?expires=" + Api.PAGE_LINK_SECONDS + "&signature=" + Api.PAGE_LINK_SIGNATURE;
        try (RawClient client = api.raw()) {
            client.send("GET " + link + " HTTP/1.1\r\nHost: tunnel.example\r\nRange: bytes=0-3\r\n\r\n");
            assertThat(client.answer()).startsWith("HTTP/1.1 206");
        }
        try (Api closed = Api.open(Tokens.parse("ann:0123456789abcdef", "test"), s -> s)) {
            TaskId own = closed.submit(URL, "Authorization", "Bearer 0123456789abcdef");
            closed.tasks.succeed(own, page, "text/html", "abcd");
            String path = "/v1/tasks/" + own + "/result";
            String signed = "?expires=" + Api.PAGE_LINK_SECONDS + "&signature=";
            assertThat(closed.bytes(path).statusCode()).isEqualTo(401);
            assertThat(closed.bytes(path + signed + Api.PAGE_LINK_SIGNATURE).body()).isEqualTo(page);
            assertThat(closed.bytes(path + signed + "forged").statusCode()).isEqualTo(403);
            assertThat(closed.bytes(path + signed).statusCode()).isEqualTo(403);
            assertThat(closed.bytes(path + "?expires=x&signature=" + Api.PAGE_LINK_SIGNATURE).statusCode()).isEqualTo(403);
            assertThat(closed.bytes("/v1/tasks/" + own + signed + Api.PAGE_LINK_SIGNATURE).statusCode()).isEqualTo(401);
            assertThat(closed.send("POST", path + signed + Api.PAGE_LINK_SIGNATURE, null).statusCode()).isEqualTo(405);
        }
    }
}
