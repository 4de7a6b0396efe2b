package dev.fetchback.processors;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BaseUrlTest {
    /** RFC 3986 §5.4 with http for its base, and without its schemes that are not followed. */
    @ParameterizedTest
    @CsvSource(nullValues = "none", value = {
            "g:h,none", "g,http://a/b/c/g", "./g,http://a/b/c/g", "g/,http://a/b/c/g/", "/g,http://a/g", "//g,http://g/",
            "?y,http://a/b/c/d;p?y", "g?y,http://a/b/c/g?y", "#s,http://a/b/c/d;p?q#s", "g#s,http://a/b/c/g#s", "g?y#s,http://a/b/c/g?y#s",
            ";x,http://a/b/c/;x", "g;x,http://a/b/c/g;x", "'',http://a/b/c/d;p?q", ".,http://a/b/c/", "./,http://a/b/c/", "..,http://a/b/",
            "../,http://a/b/", "../g,http://a/b/g", "../..,http://a/", "../../g,http://a/g", "../../../g,http://a/g", "/./g,http://a/g",
            "/../g,http://a/g", "g.,http://a/b/c/g.", ".g,http://a/b/c/.g", "g..,http://a/b/c/g..", "./../g,http://a/b/g",
            "./g/.,http://a/b/c/g/", "g/./h,http://a/b/c/g/h", "g/../h,http://a/b/c/h", "g;x=1/../y,http://a/b/c/y",
            "g?y/../x,http://a/b/c/g?y/../x", "g#s/../x,http://a/b/c/g#s/../x", "http:g,http://a/b/c/g"})
    void resolvesAsTheRfcShows(String reference, String url) {
        assertThat(BaseUrl.split("http://a/b/c/d;p?q").resolve(reference)).isEqualTo(url);
    }

    @ParameterizedTest
    @CsvSource(nullValues = "none", delimiter = '|', value = {
            "' \thttps://EXAMPLE.com:443/a b '|https://example.com/a%20b",
            "HTTP://x.test:80|http://x.test/",
            "https:\\\\x.test\\a?b\\c|https://x.test/a?b\\c",
            "\\\\x.test/a|https://x.test/a",
            "///x.test/a|https://x.test/a",
            "/%2e%2E/a/%2e/b|https://e.test/a/b",
            "/ä?ö#ü|https://e.test/%C3%A4?%C3%B6#%C3%BC",
            "//bücher.test/|https://xn--bcher-kva.test/",
            "javascript:alert(1)|none",
            "data:text/html,x|none",
            "ftp://x/|none",
            "https://|none",
            "//a b/|none",
            "https://x:y/|none",
            "https://x:65536/|none",
            "https://x:99999999999/|none",
            "https://x:0443/|https://x/",
            "https://x:065535/|https://x:65535/",
            "mailto:a@b.test|mailto:a@b.test",
            "http://user:pw@x.test/|http://user:pw@x.test/",
            "http://[::1]:8080/|http://[::1]:8080/",
            "1:2|https://e.test/dir/1:2"})
    void resolvesAsBrowsersDo(String reference, String url) {
        assertThat(BaseUrl.split("https://e.test/dir/page").resolve(reference)).isEqualTo(url);
    }

    @Test
    void whatIsTooLongIsNoLink() {
        assertThat(BaseUrl.split("https://e.test/").resolve("x".repeat(8193))).isNull();
        assertThat(BaseUrl.split("https://e.test/").resolve("java\nscript:alert(1)")).isNull();
        assertThat(BaseUrl.split("https://e.test/").resolve("/a\n\tb")).isEqualTo("https://e.test/ab");
    }
}
