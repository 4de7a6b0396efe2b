package dev.fetchback.processors;

import dev.fetchback.process.BadOption;
import dev.fetchback.process.FetchedPage;
import dev.fetchback.process.Processor;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Pages as processors get them. */
final class Pages {
    static final String URL = "https://example.com/dir/page.html?q=1";

    private Pages() {}

    static FetchedPage html(String html) {
        return of("text/html; charset=utf-8", html.getBytes(StandardCharsets.UTF_8));
    }

    static FetchedPage of(@Nullable String contentType, byte[] bytes) {
        return new FetchedPage(new FetchedPage.Facts("tsk_1", URL, URL, 200, contentType, List.of()), bytes);
    }

    static @Nullable Object run(Processor processor, Map<String, @Nullable Object> options, FetchedPage page) throws Exception {
        return processor.prepare(options).run(page);
    }

    static @Nullable Object run(Processor processor, String html) throws Exception {
        return run(processor, Map.of(), html(html));
    }

    /** What a refusal of the options says, with where it points. */
    static String refusal(Processor processor, Map<String, @Nullable Object> options) {
        try {
            processor.prepare(options);
            throw new AssertionError("taken: " + options);
        } catch (BadOption bad) {
            return bad.pointer() + " " + bad.getMessage();
        }
    }
}
