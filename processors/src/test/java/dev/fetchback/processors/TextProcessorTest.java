package dev.fetchback.processors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TextProcessorTest {
    private final TextProcessor text = new TextProcessor();

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', emptyValue = "", value = {
            "<h1>A</h1><p>b¶  c</p><p>d</p>|A//b c//d",
            "<div>a<div>b</div>c</div>|a/b/c",
            "a<br>b<br><br>c|a/b//c",
            "<ul><li>a<li>b<ul><li>c</ul></ul>d|a/b//c//d",
            "<table><tr><th>a<th>b<tr><td><p>c</p><td>d</table>|a>b/c>d",
            "<pre>a  b¶  c</pre>d|a  b/  c//d",
            "a <b> b</b><i>c </i> d|a bc d",
            "a&nbsp;&nbsp;b&shy;c&#8203;d|a bcd",
            "a<script>x</script><style>x</style><noscript>x</noscript><template>x</template><svg><title>x</title></svg>b|ab",
            "<p hidden>x</p><p style='Display : NONE'>x</p><p style='visibility:hidden'>x</p><dialog>x</dialog>a|a",
            "<p hidden=until-found>a</p><dialog open>b</dialog><details><summary>c</summary>d</details>|a//b/c/d",
            "<title>x</title><textarea>a¶b</textarea><select><option>c<option>d</select><button>e</button>|a/b/c/d/e",
            "<table><tr><td><td>a<td></table>b|>a//b",
            "<table><tr><td><p>a</p><p>b</p><td><table><tr><td>c<td>d<tr><td>e</table><td>f</table>|a//b>c>d/e>f",
            "<p> </p>|``"})
    void isLaidOutInLines(String html, String lines) throws Exception {
        assertThat(Pages.run(text, html.replace('¶', '\n'))).isEqualTo(lines.replace('/', '\n').replace('>', '\t'));
    }

    @Test
    void plainTextAndXmlAreTextToo() throws Exception {
        byte[] plain = "a < b\n\n  c".getBytes(StandardCharsets.UTF_8);
        assertThat(Pages.run(text, Map.of(), Pages.of("text/plain", plain))).isEqualTo("a < b\n\n  c");
        assertThat(Pages.run(text, Map.of(), Pages.of("application/json", "{\"a\":1}".getBytes(StandardCharsets.UTF_8)))).isEqualTo("{\"a\":1}");
        byte[] xml = "<?xml version='1.0'?><!DOCTYPE r [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><r><p>a &e; b</p><![CDATA[<c>]]></r>"
                .getBytes(StandardCharsets.UTF_8);
        assertThat(Pages.run(text, Map.of(), Pages.of("application/xml", xml))).isEqualTo("a &e; b\n\n<c>");
    }

    @Test
    void whatIsNoTextIsRefused() {
        assertThatThrownBy(() -> Pages.run(text, Map.of(), Pages.of("image/png", new byte[] {1})))
                .hasMessage("the page is no text (\"image/png\"); text reads HTML, XML, plain text");
        assertThatThrownBy(() -> Pages.run(text, Map.of(), Pages.of(null, "%PDF-1.7".getBytes(StandardCharsets.US_ASCII))))
                .hasMessage("the page is a PDF (without a content type); text reads HTML, XML, plain text; pdf-text reads PDFs");
        assertThatThrownBy(() -> Pages.run(text, Map.of(), Pages.of("application/octet-stream", new byte[] {'a', 0, 'b'})))
                .hasMessageStartingWith("the page is no text");
    }

    @Test
    void isCutWhereTheTaskSays() throws Exception {
        assertThat(Pages.run(text, Map.of("max_chars", 3), Pages.html("<p>ab</p>cd"))).isEqualTo("ab");
        assertThat(Pages.run(text, Map.of("max_chars", 4L), Pages.html("abc\ud83d\ude00d"))).isEqualTo("abc");
    }

    @Test
    void refusesWhatItDoesNotKnow() {
        assertThat(Pages.refusal(text, Map.of("max_char", 3))).isEqualTo("/max_char no such option; did you mean max_chars? allowed are max_chars");
        assertThat(Pages.refusal(text, Map.of("colour", 3))).isEqualTo("/colour no such option; allowed are max_chars");
        assertThat(Pages.refusal(text, Map.of("max_chars", "many"))).isEqualTo("/max_chars must be 1 to 100000000, not \"many\"");
        assertThat(Pages.refusal(text, Map.of("max_chars", 1.5))).isEqualTo("/max_chars must be 1 to 100000000, not 1.5");
        assertThat(Pages.refusal(text, Map.of("max_chars", 0))).isEqualTo("/max_chars must be 1 to 100000000, not 0");
    }
}
