package dev.fetchback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fetchback.outbound.Target;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.Header;
import dev.fetchback.task.TaskSpec;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class PageKeyTest {
    private static final FetchOptions PLAIN = FetchOptions.DEFAULT;
    private static final FetchOptions IF_CHANGED = new FetchOptions(PLAIN.timeout(), PLAIN.maxBytes(), PLAIN.maxRedirects(),
            PLAIN.maxAttempts(), PLAIN.acceptStatus(), PLAIN.robots(), true);

    private static @Nullable String key(FetchOptions fetch, @Nullable String owner, String url, String method, Header... headers)
            throws Exception {
        TaskSpec.Request request = new TaskSpec.Request(method, List.of(headers), null);
        TaskSpec spec = new TaskSpec(url, request, fetch, List.of(), null, TaskSpec.Schedule.NOW,
                new TaskSpec.Tags(owner, null, List.of(), Map.of()));
        return PageKey.of(spec, Target.parse(url));
    }

    private static String key(@Nullable String owner, String url, Header... headers) throws Exception {
        String key = key(IF_CHANGED, owner, url, "GET", headers);
        assertThat(key).matches("[A-Za-z0-9_-]{43}");
        return key;
    }

    @Test
    void aTaskWhosePageCountsAlwaysHasNone() throws Exception {
        assertThat(key(PLAIN, "ann", "https://a.example/", "POST")).isNull();
    }

    @Test
    void theSamePageHasTheSameKey() throws Exception {
        assertThat(key("ann", "HTTPS://A.example:443/x/../p?q=1#part")).isEqualTo(key("ann", "https://a.example/p?q=1"));
        assertThat(key("ann", "https://a.example/", new Header("Accept", "x"), new Header("B", "y")))
                .isEqualTo(key("ann", "https://a.example/", new Header("b", "y"), new Header("accept", "x")));
    }

    @Test
    void whateverMayBringAnotherPageHasAnother() throws Exception {
        Header de = new Header("Accept-Language", "de");
        Set<String> keys = new HashSet<>(List.of(
                key(null, "https://a.example/"),
                key("ann", "https://a.example/"),
                key("bob", "https://a.example/"),
                key("ann", "http://a.example/"),
                key("ann", "https://a.example:444/"),
                key("ann", "https://a.example/?"),
                key("ann", "https://a.example/?a"),
                key("ann", "https://a.example/", de),
                key("ann", "https://a.example/", new Header("Accept-Language", "en")),
                key("ann", "https://a.example/", new Header("Accept-Languag", "ede")),
                key("ann", "https://a.example/", de, de),
                key("ann", "https://a.example/", new Header("a", "1"), new Header("a", "2")),
                key("ann", "https://a.example/", new Header("a", "2"), new Header("a", "1"))));
        assertThat(keys).hasSize(13);
    }

    @Test
    void onlyAPlainGetHasOne() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> key(IF_CHANGED, "ann", "https://a.example/", "HEAD"))
                .withMessageContaining("HEAD");
    }
}
