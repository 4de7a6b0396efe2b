package dev.fetchback.processors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SelectProcessorTest {
    private static final String SHOP = """
            <div class=item><h2><a href="/a">Apple</a></h2><span class=price>1.00</span><ul><li>red<li>green</ul></div>
            <div class=item><h2><a href="/b">Pear</a></h2><ul></ul></div>""";

    private final SelectProcessor select = new SelectProcessor();

    @Test
    void aSelectorIsAListOfTexts() throws Exception {
        assertThat(run(Map.of("css", "h2, .price"))).isEqualTo(List.of("Apple", "1.00", "Pear"));
        assertThat(run(Map.of("css", "h2, .price", "max", 2))).isEqualTo(List.of("Apple", "1.00"));
        assertThat(run(Map.of("css", "h2", "list", false))).isEqualTo("Apple");
        assertThat(run(Map.of("css", "h3"))).isEqualTo(List.of());
        assertThat(run(Map.of("css", "h3", "list", false))).isNull();
    }

    @Test
    void attributesAndHtmlToo() throws Exception {
        assertThat(run(Map.of("css", "a", "attr", "href"))).isEqualTo(List.of("/a", "/b"));
        assertThat(run(Map.of("css", "a", "attr", "abs:href"))).isEqualTo(List.of("https://example.com/a", "https://example.com/b"));
        assertThat(run(Map.of("css", "a", "attr", "title"))).isEqualTo(List.of());
        assertThat(run(Map.of("css", "h2", "html", true, "list", false))).isEqualTo("<a href=\"/a\">Apple</a>");
    }

    @Test
    void fieldsAreObjectsAndStandInEachOther() throws Exception {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("name", "h2");
        fields.put("price", ".price");
        fields.put("link", Map.of("css", "a", "attr", "abs:href"));
        fields.put("colours", Map.of("css", "li", "list", true));
        Map<String, @Nullable Object> pear = new LinkedHashMap<>();
        pear.put("name", "Pear");
        pear.put("price", null);
        pear.put("link", "https://example.com/b");
        pear.put("colours", List.of());
        assertThat(run(Map.of("css", ".item", "fields", fields))).isEqualTo(Arrays.asList(
                Map.of("name", "Apple", "price", "1.00", "link", "https://example.com/a", "colours", List.of("red", "green")), pear));
        assertThat(run(Map.of("fields", Map.of("first", Map.of("css", ".item", "fields", Map.of("name", "h2"))))))
                .isEqualTo(Map.of("first", Map.of("name", "Apple")));
    }

    @Test
    void whatIsSearchedIsNotFoundInItself() throws Exception {
        assertThat(Pages.run(select, Map.of("css", "div", "list", false, "fields", Map.of("inner", "div")), Pages.html("<div>a<div>b</div></div>")))
                .isEqualTo(Map.of("inner", "b"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "p[|/css no selector: Did not find balanced marker at ''",
            "p:foo|/css no selector: Could not parse query 'p:foo': unexpected token at ''",
            "p:matches((a+)+$)|/css :matches takes a regular expression, which may never end; use [attr*=part] or :contains()",
            "[class~=(a+)+$]|/css ~= takes a regular expression, which may never end; use [attr*=part] or :contains()",
            "p::text|/css selects elements only, not ::text",
            "div:has(p:has(a))|/css :has() may not hold ~, +, :nth-*, :only-*, :eq(), :lt(), :gt(), :contains() or another :has()"})
    void aBadSelectorIsRefusedWithTheReason(String css, String refusal) {
        assertThat(Pages.refusal(select, Map.of("css", css))).isEqualTo(refusal);
    }

    @Test
    void badFieldsArePointedAt() {
        assertThat(Pages.refusal(select, Map.of())).isEqualTo(" needs css, fields or both");
        assertThat(Pages.refusal(select, Map.of("css", "p", "attr", "x", "html", true))).contains("one of attr, html and fields");
        assertThat(Pages.refusal(select, Map.of("css", "p", "attr", "abs:"))).startsWith("/attr must be an attribute's name");
        assertThat(Pages.refusal(select, Map.of("fields", Map.of("a/b", "p[")))).startsWith("/fields/a~1b/css no selector: ");
        assertThat(Pages.refusal(select, Map.of("fields", Map.of("a", Map.of("css", "p", "atr", "x")))))
                .isEqualTo("/fields/a/atr no such option; did you mean attr? allowed are css, fields, attr, html, list, max");
        assertThat(Pages.refusal(select, Map.of("fields", Map.of("a", 1)))).isEqualTo(
                "/fields/a must be a CSS selector of at most 500 characters, or an object, not 1");
        assertThat(Pages.refusal(select, Map.of("css", "p".repeat(501)))).startsWith("/css must be a CSS selector of at most 500 characters");
        Map<String, @Nullable Object> deep = Map.of("css", "p");
        for (int i = 0; i < 9; i++) {
            deep = Map.of("fields", Map.of("f", deep));
        }
        assertThat(Pages.refusal(select, deep)).endsWith("fields may be 8 deep");
    }

    @Test
    void regularExpressionsInQuotesAreText() throws Exception {
        assertThat(Pages.run(select, Map.of("css", "p[title=\":matches ~= ::\"]"), Pages.html("<p title=':matches ~= ::'>a</p>")))
                .isEqualTo(List.of("a"));
    }

    @Test
    void plainTextHasNoElements() {
        assertThatThrownBy(() -> Pages.run(select, Map.of("css", "p"), Pages.of("text/plain", new byte[0])))
                .hasMessage("the page is plain text (\"text/plain\"); select reads HTML, XML");
    }

    private @Nullable Object run(Map<String, @Nullable Object> options) throws Exception {
        return Pages.run(select, options, Pages.html(SHOP));
    }
}
