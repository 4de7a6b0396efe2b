package dev.fetchback.processors;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class MarkdownProcessorTest {
    private final MarkdownProcessor markdown = new MarkdownProcessor();

    /** ¶ is a line end; ¦ a pipe. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', emptyValue = "", value = {
            "<h1>A <em>b</em></h1><p>c</p><h3>d<br>e</h3>|# A *b*¶¶c¶¶### d e",
            "a <b> bold </b>b, <i>it</i><strong><b>x</b></strong>|a **bold** b, *it***x**",
            "<b><p>a</p><p>b</p></b>|**a**¶¶**b**",
            "<b> </b>a<em></em>|a",
            "<b>a</b><b>b</b> <i>c</i><i>d</i> <b><i>e</i></b><b>f</b> <i>g</i> <i>h</i>|**ab** *cd* ***e*f** *g* *h*",
            "a<br>b<br><br>c<br>|a  ¶b¶¶c",
            "<b>a:</b>b <i>c!</i>d <b>‘e’</b>f g<b>(h)</b> i<b>.</b>j|**a**:b *c*!d **‘e’**&#102; &#103;**(h)** &#105;**.**&#106;",
            "<b>标题：</b>内容|**标题**：内容",
            "<p>a<br></p><p><br>b</p>|a¶¶b",
            "<h2>C #</h2>|## C \\#",
            "a <span>*</span><b>b</b> ~5~ <span>&lt;</span>b> ___|a \\***b** \\~5\\~ \\<b> \\_\\_\\_",
            "___<br>¦---¦|\\_\\_\\_  ¶\\¦---¦",
            "<h2>a<a href=#a>¦</a></h2>|## a¦",
            "<h2>b<a href=#b>#</a></h2>|## b",
            "<p><i><b>‘e’</b>f</i>g <del>5.</del>6 <b>हिं</b>म x<b><a href=/y>c</a></b>d"
                    + "|***‘e’**&#102;*&#103; ~~5.~~&#54; **हिं**म &#120;**[c](https://example.com/y)**&#100;",
            "a!<a href=/b>b</a> <b>c!</b><b><b><a href=/d>d</a></b></b>"
                    + "|a\\![b](https://example.com/b) **c\\![d](https://example.com/d)**",
            "<b>a<pre>b</pre><hr><table><tr><th>c<th>d<tr><td>e<td>f</table></b>"
                    + "|**a**¶¶```¶b¶```¶¶---¶¶¦ **c** ¦ **d** ¦¶¦ --- ¦ --- ¦¶¦ **e** ¦ **f** ¦",
            "<ul><li>a<li>b<ul><li>c<li>d</ul><li>e</ul>f|- a¶- b¶  - c¶  - d¶- e¶¶f",
            "<ol start=9><li>a<li>b<p>c</p></ol>|9. a¶10. b¶¶    c",
            "<ul><li><p>a</p></li><li><p>b</p></li></ul>|- a¶¶- b",
            "<ul><li><input type=checkbox checked> a<li><input type=checkbox> b</ul>|- [x] a¶- [ ] b",
            "<blockquote><p>a</p><p>b</p><ul><li>c</ul></blockquote>d|> a¶>¶> b¶>¶> - c¶¶d",
            "<ul><li><blockquote>a<pre>b¶c</pre></blockquote></ul>|- > a¶  >¶  > ```¶  > b¶  > c¶  > ```",
            "<pre><code class='hljs language-java'>int a;¶¶  b();¶</code></pre>|```java¶int a;¶¶  b();¶```",
            "<pre>``` in</pre>|````¶``` in¶````",
            "use <code>a `b` *c*</code> and <code>`</code>|use ``a `b` *c*`` and `` ` ``",
            "<a href='/x y'>a <b>b</b></a> <a href='#f'>c</a> <a href='javascript:x'>d</a><a href=/e></a>|[a **b**](https://example.com/x%20y) c d",
            "<a href=/x><h2>a</h2><p>b</p></a>|## [a](https://example.com/x)¶¶[b](https://example.com/x)",
            "<img src=a.png alt='An *image*'> <img src=data:x> <img data-src=b.png>|![An \\*image\\*](https://example.com/dir/a.png) ![](https://example.com/dir/b.png)",
            "<hr>a<hr>|---¶¶a¶¶---",
            "<del>a</del> <q>b</q> <kbd>c</kbd>|~~a~~ “b” `c`",
            "<dl><dt>a<dd>b</dl>|**a**¶¶b",
            "<script>x</script><p hidden>y</p><nav>a</nav>|a",
            "1. a|1\\. a", "# a|\\# a", "- a|\\- a", "+ a|\\+ a", "> a|\\> a", "--- a|\\--- a", "2 - 1 + 3|2 - 1 + 3", "* a|\\* a",
            "a * b *c* snake_case _x_ [y] `z` \\ &amp;lt; &lt;b|a * b \\*c\\* snake_case \\_x\\_ \\[y\\] \\`z\\` \\\\ \\&lt; \\<b",
            "<table><tr><th>a<th>b<tr><td>c ¦ d<td><b>e</b><br>f<tr><td>g</table>|¦ a ¦ b ¦¶¦ --- ¦ --- ¦¶¦ c \\¦ d ¦ **e** f ¦¶¦ g ¦ ¦",
            "<table><tr><td>a<td>b<tr><td colspan=2>c</table>|¦  ¦  ¦¶¦ --- ¦ --- ¦¶¦ a ¦ b ¦¶¦ c ¦ ¦",
            "<table><tr><td><p>a</p><ul><li>b</ul><td>c<tr><td>d<td>e</table>|a¶¶- b¶¶c¶¶d¶¶e",
            "<table><caption>x</caption><thead><tr><td>a<td>b</thead><tr><td>1<td>2</table>|x¶¶¦ a ¦ b ¦¶¦ --- ¦ --- ¦¶¦ 1 ¦ 2 ¦"})
    void isCommonMarkWithTables(String html, String lines) throws Exception {
        assertThat(Pages.run(markdown, html.replace('¶', '\n').replace('¦', '|')))
                .isEqualTo(lines.replace('¶', '\n').replace('¦', '|'));
    }

    @Test
    void linksAndPicturesCanBeLeftOut() throws Exception {
        String html = "<p>a <a href=/x>b</a> <img src=c alt=d></p>";
        assertThat(Pages.run(markdown, Map.of("links", false, "images", false), Pages.html(html))).isEqualTo("a b");
    }

    @Test
    void theMainContentHasItsTitle() throws Exception {
        String text = "<p>This is a sentence of some length, with a comma, which a reader would read. </p>".repeat(8);
        String html = "<title>The title - Site</title><meta property=og:site_name content=Site><nav><a href=/>Home</a></nav><article>"
                + text + "</article><div class=sidebar><a href=/y>Elsewhere</a></div>";
        assertThat((String) Pages.run(markdown, Map.of("main", true), Pages.html(html)))
                .startsWith("# The title\n\nThis is a sentence").doesNotContain("Home", "Elsewhere");
    }

    @Test
    void nestingIsWrittenToADepth() throws Exception {
        String deep = (String) Pages.run(markdown, "<blockquote>".repeat(400) + "a");
        assertThat(deep).isEqualTo("> ".repeat(32) + "a");
    }
}
