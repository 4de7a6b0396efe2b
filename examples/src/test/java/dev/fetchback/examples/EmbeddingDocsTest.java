package dev.fetchback.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.Builder;
import dev.fetchback.Fetch;
import dev.fetchback.Fetchback;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.TaskId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The code of docs/embedding.md is this code, and it runs. */
@Timeout(60)
final class EmbeddingDocsTest {
    private static final Path DOCS = Path.of("..", "docs", "embedding.md");
    private static final Path THIS = Path.of("src", "test", "java", "dev", "fetchback", "examples", "EmbeddingDocsTest.java");

    @TempDir
    Path folder;

    private final BlockingQueue<String> log = new LinkedBlockingQueue<>();
    private final Set<String> seen = ConcurrentHashMap.newKeySet();

    @Test
    void theDocumentsCodeIsThatOfThisTest() throws IOException {
        List<String> blocks = Pattern.compile("(?s)```java\n(.*?)```").matcher(Files.readString(DOCS)).results()
                .map(block -> unindented(block.group(1))).toList();
        String code = unindented(Files.readString(THIS));
        assertThat(blocks).hasSizeGreaterThanOrEqualTo(5).allSatisfy(block -> assertThat(code).contains(block));
    }

    private static String unindented(String text) {
        return text.lines().map(String::strip).collect(Collectors.joining("\n"));
    }

    @Test
    void theFirstProgramEndsByItself() throws Exception {
        String url = "http://127.0.0.1:8080/"; // which may not be fetched
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream out = System.out;
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try (Fetchback fetchback = Fetchback.builder()
                .dataDir(folder)
                .deliverTo(page -> System.out.println(page.url() + " " + page.type()))
                .start()) {
            TaskId id = fetchback.submit(url);
            fetchback.await(id, Duration.ofMinutes(1));
        } finally {
            System.setOut(out);
        }
        assertThat(printed.toString(StandardCharsets.UTF_8)).contains("http://127.0.0.1:8080/ task.failed");
    }

    @Test
    void theRestDoesWhatItSays() throws Exception {
        Builder builder = Local.builder().dataDir(folder);
        builder.deliverTo("titles", 4, page -> {
            if (page.error().isPresent()) {
                log.add(page.url() + " " + page.error().get().code());
            } else if (seen.add(page.id())) { // the same outcome may come again
                log.add(page.metadata().get("order") + " " + page.processed().get("select"));
            }
        });
        try (Site site = new Site(path -> "<h1>One</h1>"); Fetchback fetchback = builder.start()) {
            String url = site.url("/");
            fetchback.submit(Fetch.of(url)
                    .options(FetchOptions.DEFAULT.withTimeout(Duration.ofSeconds(20)))
                    .process("select", "{\"css\":\"h1\"}")
                    .deliverTo("titles")
                    .metadata("order", "42")
                    .idempotencyKey("42"));
            assertThat(log.poll(30, TimeUnit.SECONDS)).startsWith("42 ").contains("One");
            TaskId kept = fetchback.submit(Fetch.of(url).pickUp());
            StoredTask done = fetchback.await(kept, Duration.ofMinutes(1)).orElseThrow();
            try (InputStream page = fetchback.body(kept, 0).orElseThrow()) {
                log.add(done.task().phase() + " " + new String(page.readAllBytes(), StandardCharsets.UTF_8));
            }
            assertThat(log.take()).isEqualTo("SUCCEEDED <h1>One</h1>");
            fetchback.receivers().forEach(receiver -> fetchback.resumeReceiver(receiver.id()));
        }
    }
}
