package dev.fetchback.processors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class MetadataProcessorTest {
    private final MetadataProcessor metadata = new MetadataProcessor();

    @Test
    void isWhatThePageSaysOfItself() throws Exception {
        assertThat((Map<?, ?>) Pages.run(metadata, """
                <html lang="en-GB"><head><svg><title>Picture</title></svg><title> The
                 title</title><meta name=Description content="About it"><meta name=author content=Ann>
                <meta property="og:title" content="OG title"><meta property="og:image" content=a.png><meta property="og:image" content=b.png>
                <meta name="twitter:card" content=summary><meta property="article:published_time" content="2026-01-02">
                <link rel="canonical" href="/real"><link rel="alternate" type="application/rss+xml" title="News" href="feed.xml">
                <link rel="alternate" hreflang="de" href="/de"><link rel="shortcut icon" href="/favicon.ico" sizes="16x16">
                <script type="application/ld+json">{"@type":"Article","n":[1,2.5,null,true,123456789012345678901234567890]}</script>
                <script type="application/ld+json">{broken</script><script>x</script></head></html>"""))
                .isEqualTo(Map.ofEntries(
                        entry("title", "The title"), entry("description", "About it"), entry("author", "Ann"),
                        entry("canonical", "https://example.com/real"), entry("language", "en-GB"), entry("encoding", "utf-8"),
                        entry("open_graph", Map.of("title", "OG title", "image", List.of("a.png", "b.png"),
                                "article:published_time", "2026-01-02")),
                        entry("twitter", Map.of("card", "summary")),
                        entry("alternates", Map.of("de", "https://example.com/de")),
                        entry("feeds", List.of(Map.of("url", "https://example.com/dir/feed.xml", "type", "application/rss+xml", "title", "News"))),
                        entry("icons", List.of(Map.of("url", "https://example.com/favicon.ico", "rel", "shortcut icon", "sizes", "16x16"))),
                        entry("json_ld", List.of(Map.of("@type", "Article",
                                "n", java.util.Arrays.asList(1L, 2.5, null, true, "123456789012345678901234567890")))),
                        entry("json_ld_unread", 1)));
    }

    @Test
    void anEmptyPageSaysNothing() throws Exception {
        assertThat(Pages.run(metadata, "")).isEqualTo(Map.of("encoding", "utf-8"));
        assertThat(Pages.run(metadata, Map.of("json_ld", false), Pages.html("<script type='application/ld+json'>{}</script>")))
                .isEqualTo(Map.of("encoding", "utf-8"));
    }

    @Test
    void jsonIsBounded() throws Exception {
        String deep = "[".repeat(33) + "]".repeat(33);
        assertThat((Map<?, ?>) Pages.run(metadata, "<script type='application/ld+json'>" + deep + "</script>"))
                .isEqualTo(Map.of("encoding", "utf-8", "json_ld_unread", 1));
        String meta = "<meta property='og:image' content='x'>".repeat(2_000);
        Map<?, ?> all = (Map<?, ?>) Pages.run(metadata, meta);
        assertThat((List<?>) ((Map<?, ?>) all.get("open_graph")).get("image")).hasSize(500);
    }
}
