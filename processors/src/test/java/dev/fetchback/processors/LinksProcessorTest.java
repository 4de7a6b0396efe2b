package dev.fetchback.processors;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class LinksProcessorTest {
    private final LinksProcessor links = new LinksProcessor();

    @Test
    void areAbsoluteAndOnceEach() throws Exception {
        assertThat(run(Map.of(), """
                <base href="/b/"><a href="one">One
                 <b>link</b></a> <a href="/b/one#part" rel=x>again</a> <a href="#top">top</a> <a>no</a> <a href="javascript:x()">js</a>
                <a href="mailto:a@b.test">mail</a> <a href="//Other.test" rel="NoFollow  ugc noopener">other</a>
                <map><area href="?x=1" alt="An area"></map> <a href="three" title="Titled"></a> <a href="img"><img alt="An image"></a>"""))
                .isEqualTo(List.of(
                        Map.of("url", "https://example.com/b/one", "text", "One link"),
                        Map.of("url", "https://other.test/", "text", "other", "rel", List.of("nofollow", "ugc", "noopener")),
                        Map.of("url", "https://example.com/b/?x=1", "text", "An area"),
                        Map.of("url", "https://example.com/b/three", "text", "Titled"),
                        Map.of("url", "https://example.com/b/img", "text", "An image")));
    }

    @Test
    void whatStandsInTemplatesIsNoPartOfThePage() throws Exception {
        assertThat(urls(Map.of(), "<template><base href=//x.test/><a href=in>in</a></template><base href=/b/><a href=out>out</a>"))
                .containsExactly("https://example.com/b/out");
    }

    @Test
    void theFirstTextThatThereIsCounts() throws Exception {
        assertThat(run(Map.of(), "<a href=a><i></i></a><a href=a>Named</a><a href=a>Later</a>"))
                .isEqualTo(List.of(Map.of("url", "https://example.com/dir/a", "text", "Named")));
    }

    @Test
    void optionsNarrowAndWiden() throws Exception {
        String html = "<a href=/a>a</a><a href=https://x.test/>x</a><a href=mailto:m@x.test>m</a><a href=#f>f</a>";
        assertThat(urls(Map.of("hosts", "same"), html)).containsExactly("https://example.com/a");
        assertThat(urls(Map.of("hosts", "other"), html)).containsExactly("https://x.test/");
        assertThat(urls(Map.of("mailto", true), html)).containsExactly("https://example.com/a", "https://x.test/", "mailto:m@x.test");
        assertThat(urls(Map.of("fragments", true, "hosts", "same"), html)).containsExactly("https://example.com/a", Pages.URL + "#f");
        assertThat(urls(Map.of("max", 1), html)).containsExactly("https://example.com/a");
        assertThat(Pages.refusal(links, Map.of("hosts", "mine"))).isEqualTo("/hosts must be all, same, other, not \"mine\"");
    }

    private Object run(Map<String, @Nullable Object> options, String html) throws Exception {
        return Pages.run(links, options, Pages.html(html));
    }

    private List<Object> urls(Map<String, @Nullable Object> options, String html) throws Exception {
        return ((List<?>) run(options, html)).stream().map(link -> (Object) ((Map<?, ?>) link).get("url")).toList();
    }
}
