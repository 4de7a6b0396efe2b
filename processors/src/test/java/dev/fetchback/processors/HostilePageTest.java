package dev.fetchback.processors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.fetchback.process.FetchedPage;
import dev.fetchback.process.Processor;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Pages that were made to take long or to take memory; the module's tests run in as little memory as a worker process has. */
final class HostilePageTest {
    /** Ten times and more of what each takes on an idle machine. */
    private static final Duration LONGEST = Duration.ofSeconds(20);

    private static Map<String, Supplier<String>> pages() {
        Map<String, Supplier<String>> pages = new LinkedHashMap<>();
        pages.put("1,000,000 attributes", HostilePageTest::attributes);
        pages.put("100,000 deep", () -> "<div>".repeat(100_000) + "deep");
        pages.put("100,000 deep tables", () -> "<table><tr><td>".repeat(33_000) + "deep");
        pages.put("100,000 deep lists", () -> "<ul><li>".repeat(50_000) + "deep");
        pages.put("100,000 deep quotes of many lines", () -> "<blockquote>".repeat(100_000) + "<p>line</p>".repeat(50_000));
        pages.put("100,000 deep formatting", () -> "<b><a href=x><i>".repeat(33_000) + "deep");
        pages.put("formatting that is rebuilt", () -> "<a><b><i><u>x<p></a>".repeat(20_000));
        pages.put("a huge text", () -> "word ".repeat(2_000_000));
        pages.put("a huge word", () -> "x".repeat(10_000_000));
        pages.put("a huge preformatted text", () -> "<pre>" + "line\n".repeat(1_000_000));
        pages.put("only white space", () -> " \n".repeat(4_000_000));
        pages.put("300,000 scripts", () -> "<script>x</script>".repeat(300_000) + "<p>text");
        pages.put("300,000 paragraphs", () -> "<p class='sidebar content'>text, with a comma".repeat(300_000));
        pages.put("300,000 links", () -> "<a href='../../../a/./b?c=d#e'>text</a>".repeat(200_000));
        pages.put("one link of many pictures", () -> "<a href=x>" + "<img src=y>".repeat(200_000));
        pages.put("a table of 500,000 cells", () -> "<table>" + ("<tr>" + "<td>x".repeat(100)).repeat(5_000));
        pages.put("one row of 200,000 cells", () -> "<table><tr>" + "<td>x".repeat(200_000));
        pages.put("spans", () -> "<table>" + "<tr><td colspan=1000000 rowspan=1000000>x<td>y".repeat(50_000));
        pages.put("tables in rows of tables", () -> ("<table><tr>" + "<td><div>x</div>".repeat(50)).repeat(2_000));
        pages.put("metas", () -> "<meta property='og:image' content='x'>".repeat(200_000));
        pages.put("json", () -> "<script type='application/ld+json'>" + "[".repeat(500_000) + "</script>" + "<script type='application/ld+json'>{\"a\":"
                + "9".repeat(900_000) + "}</script>");
        pages.put("entities", () -> "&amp;&lt;&#x41;&notanentity;".repeat(300_000));
        pages.put("unclosed", () -> "<a href='" + "<p>".repeat(1_000_000));
        pages.put("backticks", () -> "<code>" + "`".repeat(500_000) + "</code>" + "<pre>" + "`".repeat(500_000) + "</pre>");
        pages.put("urls", () -> "<a href='" + "/..".repeat(2_000) + "'>x</a>".repeat(2_000));
        pages.put("classes", () -> ("<div class='" + "-ad".repeat(100_000) + "'>x").repeat(10));
        return pages;
    }

    private static String attributes() {
        StringBuilder attributes = new StringBuilder("<p ");
        for (int i = 0; i < 1_000_000; i++) {
            attributes.append('a').append(i).append("=x ");
        }
        return attributes + ">hi</p>";
    }

    private static Map<String, Map<String, @Nullable Object>> uses() {
        Map<String, Map<String, @Nullable Object>> uses = new LinkedHashMap<>();
        uses.put("text", Map.of());
        uses.put("article", Map.of());
        uses.put("markdown", Map.of());
        uses.put("links", Map.of());
        uses.put("metadata", Map.of());
        uses.put("select", Map.of("css", "div p, td:nth-child(2)", "html", true));
        return uses;
    }

    @TestFactory
    Stream<DynamicTest> endSoon() {
        return pages().entrySet().stream().map(page -> DynamicTest.dynamicTest(page.getKey(), () -> run(page.getValue().get())));
    }

    private static void run(String html) {
        assertTimeoutPreemptively(LONGEST, () -> {
            FetchedPage page = Pages.html(html);
            for (Processor processor : BuiltInTest.all()) {
                Map<String, @Nullable Object> options = uses().get(processor.name());
                if (options != null) {
                    try {
                        processor.prepare(options).run(page);
                    } catch (UnfitPage told) {
                        assertThat(told).hasMessageNotContaining("null");
                    }
                }
            }
        });
    }

    @Test
    void selectorsThatLookAtEverythingForEachElementEndWithAFailure() {
        FetchedPage flat = Pages.html("<p>x</p>".repeat(300_000));
        FetchedPage deep = Pages.html(("<div>".repeat(500) + "x" + "</div>".repeat(500)).repeat(400));
        for (FetchedPage page : new FetchedPage[] {flat, deep}) {
            for (String css : new String[] {"p ~ p ~ b", "p:nth-last-of-type(3)", "p:eq(3)", "div:contains(zz)", "div div div div div div b",
                    "*:has(b):has(i):has(u)"}) {
                assertTimeoutPreemptively(LONGEST, () -> {
                    try {
                        Pages.run(new SelectProcessor(), Map.of("css", css), page);
                    } catch (UnfitPage told) {
                        assertThat(told).hasMessageStartingWith("the selectors take more steps on this page than the 300000000 allowed");
                    }
                }, css);
            }
        }
    }

    @Test
    void matchesInMatchesDoNotMultiplyAPage() {
        FetchedPage page = Pages.html("<div>".repeat(400) + "word ".repeat(200_000));
        for (Map<String, @Nullable Object> options : List.<Map<String, @Nullable Object>>of(
                Map.of("css", "div"), Map.of("css", "div", "html", true),
                Map.of("css", "div", "fields", Map.of("a", Map.of("css", "div", "list", true))))) {
            assertTimeoutPreemptively(LONGEST, () -> assertThat(refusal(options, page)).contains("more than"));
        }
    }

    @Test
    void nothingIsLoadedForXml() throws Exception {
        StringBuilder laughs = new StringBuilder("<?xml version='1.0'?><!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY x SYSTEM 'file:///etc/passwd'>");
        for (char c = 'b'; c < 'l'; c++) {
            laughs.append("<!ENTITY ").append(c).append(" '").append(("&" + (char) (c - 1) + ";").repeat(10)).append("'>");
        }
        byte[] xml = laughs.append("]><l>&k;&x;</l>").toString().getBytes(StandardCharsets.UTF_8);
        for (String type : new String[] {"application/xml", "application/xhtml+xml", "image/svg+xml", "text/html"}) {
            assertThat((String) Pages.run(new TextProcessor(), Map.of(), Pages.of(type, xml))).hasSizeLessThan(2_000).doesNotContain("root:");
        }
    }

    @Test
    void brokenBytesAreReadInEveryEncoding() throws Exception {
        byte[] noise = new byte[300_000];
        new Random(1).nextBytes(noise);
        for (String label : new String[] {"utf-8", "utf-16", "gb18030", "big5", "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr", "replacement",
                "x-user-defined", "iso-8859-10", "none-such", ""}) {
            FetchedPage page = Pages.of("text/html; charset=" + label, noise);
            assertTimeoutPreemptively(LONGEST, () -> Pages.run(new TextProcessor(), Map.of(), page), label);
        }
    }

    private static String refusal(Map<String, @Nullable Object> options, FetchedPage page) throws Exception {
        try {
            Pages.run(new SelectProcessor(), options, page);
            return "taken";
        } catch (UnfitPage told) {
            return String.valueOf(told.getMessage());
        }
    }
}
