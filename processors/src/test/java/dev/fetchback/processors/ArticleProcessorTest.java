package dev.fetchback.processors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ArticleProcessorTest {
    private static final String SENTENCE = "The lighthouse at the point, built in 1821, was lit again on Friday after two years of work. ";
    private static final String STORY = "<p>" + SENTENCE.repeat(3) + "</p><p>" + SENTENCE.repeat(2) + "</p><h2>Later</h2><p>" + SENTENCE.repeat(3) + "</p>";

    private final ArticleProcessor article = new ArticleProcessor();

    @Test
    void isTheContentAndWhatThePageSaysOfIt() throws Exception {
        Map<?, ?> found = run("""
                <html lang=en><head><title>Lighthouse lit again | Harbour News</title><meta property="og:site_name" content="Harbour News">
                <meta name=author content="By Ann Lee"><meta name=description content="After two years.">
                <meta property="article:published_time" content="2026-03-04T05:06:07Z"></head><body>
                <header class=site-header><a href=/>Harbour News</a></header><nav><ul><li><a href=/a>Sport</a><li><a href=/b>Weather</a></ul></nav>
                <main><h1>Lighthouse lit again</h1><div class="article-body">%s<img data-src="/light.jpg" alt=Light onerror=x()>
                <p onclick="x()">See <a href="more.html">more</a> in <b>time</b>.</p><script>x()</script></div>
                <div class="share-tools"><a href=/s>Share</a> <a href=/t>Tweet</a></div></main>
                <aside class=sidebar><h3>Most read</h3><ul><li><a href=/x>Other story one</a><li><a href=/y>Other story two</a></ul></aside>
                <div class=cookie-banner>We use cookies, all of us, every day. Accept? <button>Yes</button></div>
                <footer>Imprint, contact, privacy</footer></body></html>""".formatted(STORY));
        assertThat(found.get("title")).isEqualTo("Lighthouse lit again");
        assertThat(found.get("byline")).isEqualTo("Ann Lee");
        assertThat(found.get("published")).isEqualTo("2026-03-04T05:06:07Z");
        assertThat(found.get("language")).isEqualTo("en");
        assertThat(found.get("site_name")).isEqualTo("Harbour News");
        assertThat(found.get("excerpt")).isEqualTo("After two years.");
        String text = (String) found.get("text");
        assertThat(text).contains("lit again on Friday").contains("\n\nLater\n\n").contains("See more in time.")
                .doesNotContain("Sport", "Share", "Other story", "cookies", "Imprint");
        assertThat(found.get("length")).isEqualTo(text.length());
        assertThat((String) found.get("html"))
                .contains("<a href=\"https://example.com/dir/more.html\">more</a>").contains("src=\"https://example.com/light.jpg\"")
                .doesNotContain("onclick", "onerror", "<script", "class=", "Sport");
    }

    @Test
    void optionsLeaveOut() throws Exception {
        String html = "<article>" + STORY + "<img src=/a.png></article>";
        assertThat(((Map<?, ?>) Pages.run(article, Map.of("html", false), Pages.html(html))).get("html")).isNull();
        assertThat((String) ((Map<?, ?>) Pages.run(article, Map.of("images", false), Pages.html(html))).get("html")).doesNotContain("<img");
    }

    @Test
    void jsonLdTellsFirst() throws Exception {
        Map<?, ?> found = run("""
                <title>x</title><meta name=author content=Nobody><script type="application/ld+json">{"@graph":[{"@type":"WebPage"},
                {"@type":["NewsArticle"],"headline":"The &amp; headline","author":[{"@type":"Person","name":"Ann Lee"},{"name":"Bo Xu"}],
                "datePublished":"2026-05-06","publisher":{"name":"Harbour News"}}]}</script><body>%s""".formatted(STORY));
        assertThat(found.get("title")).isEqualTo("The & headline");
        assertThat(found.get("byline")).isEqualTo("Ann Lee, Bo Xu");
        assertThat(found.get("published")).isEqualTo("2026-05-06");
        assertThat(found.get("site_name")).isEqualTo("Harbour News");
    }

    @Test
    void shortPagesAreReadToo() throws Exception {
        assertThat(run("<p>Only this.</p>").get("text")).isEqualTo("Only this.");
        assertThat(run("<div><a href=/1>A lamp</a> 12.50</div><div><a href=/2>A vase</a> 9.90</div>").get("text"))
                .isEqualTo("A lamp 12.50\nA vase 9.90");
        assertThatThrownBy(() -> run("<script>x</script>")).hasMessage("the page has no readable text");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "The lamp that hums - Old Vans|<h1>Old Vans</h1><h2>The lamp that hums</h2>|The lamp that hums",
            "Old Vans » The lamp that hums » Forum|<h1>Old Vans</h1><h2>The lamp that hums</h2>|The lamp that hums",
            "The lamp - The Old Vans|<meta property=og:site_name content='The Old Vans'><h1>The Old Vans</h1><h2>The lamp</h2>|The lamp",
            "How to mend a lamp at home|<h1>Mending it</h1><h2>A lamp</h2><h3>at home</h3>|How to mend a lamp at home",
            "Buy the lamp here|<h1>The Lamp</h1>|The Lamp",
            "Intervals — Quill docs|<h1>Intervals<a href='#i'>¶</a></h1>|Intervals",
            "Programming in C# — Docs|<h1><a href='#x'>#</a>Programming<br>in C#</h1>|Programming in C#"})
    void theTitleIsTheLongestHeadingThatThePagesTitleHasInIt(String title, String headings, String expected) throws Exception {
        assertThat(run("<title>" + title + "</title>" + headings + STORY).get("title")).isEqualTo(expected);
    }

    @Test
    void linksOfHeadingsToThemselvesAreNoText() throws Exception {
        assertThat((String) run("<article><h2>Later<a href='#later'>¶</a></h2>" + STORY + "</article>").get("text"))
                .startsWith("Later\n\nThe");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"Words and photographs by Ann Lee|Ann Lee", "By Abby Lee|Abby Lee", "Von Ann Lee|Ann Lee",
        "Abby Lee|Abby Lee", "Ann Lee edited by Bo Xu|Ann Lee edited by Bo Xu"})
    void theBylineIsANameOnly(String shown, String name) throws Exception {
        assertThat(run("<p class=byline>" + shown + "</p>" + STORY).get("byline")).isEqualTo(name);
    }

    @Test
    void longCommentsDoNotBeatAShortStory() throws Exception {
        String page = "<div class=post-content><p>" + SENTENCE.repeat(2) + "</p><p>" + SENTENCE.repeat(2) + "</p></div>"
                + "<div class=comments><div><p>" + "I do not think so, not at all, as I said. ".repeat(30) + "</p></div></div>";
        assertThat((String) run(page).get("text")).doesNotContain("I do not think");
    }

    @Test
    void htmlIsInert() throws Exception {
        String html = (String) run("<article>" + STORY + "<p style=x id=y>"
                + "<a href='java&#10;script:x()' title='\"><img src=x onerror=x()>'>a</a><a href='https://example.com/?a=1&b=\"'>b</a>"
                + "<svg><a href=x>c</a></svg><x-y>&lt;d&gt;</x-y><img src='x' alt='\"&lt;'></p></article>").get("html");
        assertThat(html).endsWith("<p>a<a href=\"https://example.com/?a=1&amp;b=%22\">b</a>&lt;d&gt;"
                + "<img src=\"https://example.com/dir/x\" alt=\"&quot;&lt;\"></p></div>");
    }

    private Map<?, ?> run(String html) throws Exception {
        return (Map<?, ?>) Pages.run(article, html);
    }
}
