package dev.fetchback.processors;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.select.NodeFilter;

/**
 * Content as HTML that can be shown to anybody: nothing but the names and attributes below, in which no value can run, load from
 * elsewhere than it says, or end what it stands in. Written straight from the page's tree; jsoup's own cleaner would copy it twice.
 */
final class SafeHtml implements NodeFilter {
    /** What was asked of a page never takes more; a page that does was made to. */
    static final int CHARS_MAX = 16_000_000;

    private static final Set<String> TAGS = Set.of("a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd",
            "del", "details", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins",
            "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "strike", "strong", "sub", "summary", "sup", "table", "tbody",
            "td", "tfoot", "th", "thead", "time", "tr", "u", "ul", "var");
    private static final Set<String> VOID = Set.of("br", "col", "hr", "img");
    private static final Map<String, List<String>> ATTRIBUTES = Map.of("a", List.of("title"), "abbr", List.of("title"), "col", List.of("span"),
            "colgroup", List.of("span"), "img", List.of("alt", "title", "width", "height"), "ol", List.of("start"), "time", List.of("datetime"),
            "td", List.of("colspan", "rowspan"), "th", List.of("colspan", "rowspan", "scope"));

    private final Content content;
    private final BaseUrl base;
    private final boolean images;
    private final StringBuilder out = new StringBuilder();
    private final Deque<Boolean> written = new ArrayDeque<>();

    private SafeHtml(Content content, BaseUrl base, boolean images) {
        this.content = content;
        this.base = base;
        this.images = images;
    }

    /** @throws UnfitPage when it is too long */
    static String of(Content content, BaseUrl base, boolean images) throws UnfitPage {
        SafeHtml html = new SafeHtml(content, base, images);
        content.parts().forEach(part -> part.filter(html));
        if (html.out.length() > CHARS_MAX) {
            throw new UnfitPage("the article has more than " + CHARS_MAX + " characters of HTML; ask for html: false");
        }
        return html.out.toString().strip();
    }

    @Override
    public FilterResult head(Node node, int depth) {
        if (out.length() > CHARS_MAX) {
            return FilterResult.STOP;
        }
        if (node instanceof TextNode text) {
            escaped(text.getWholeText(), false);
        } else if (node instanceof Element element) {
            if (content.isGone(element)) {
                return FilterResult.SKIP_ENTIRELY;
            }
            written.push(open(element, tag(element.normalName())));
        }
        return FilterResult.CONTINUE;
    }

    @Override
    public FilterResult tail(Node node, int depth) {
        if (node instanceof Element element && written.pop()) {
            out.append("</").append(tag(element.normalName())).append('>');
        }
        return FilterResult.CONTINUE;
    }

    /** Blocks without a meaning of their own are plain ones; what is not known is not written, only what is in it. */
    private static @Nullable String tag(String tag) {
        return TAGS.contains(tag) ? tag : Shown.breaks(tag) > 0 ? "div" : null;
    }

    /** Returns whether it is to be closed. */
    private boolean open(Element element, @Nullable String tag) {
        if (tag == null || tag.equals("img") && !images) {
            return false;
        }
        String url = tag.equals("a") ? base.resolve(element.attr("href")) : tag.equals("img") ? base.resolve(Pictures.source(element)) : "";
        if (url == null || tag.equals("a") && !element.hasAttr("href") || tag.equals("img") && Pictures.source(element).isEmpty()) {
            return false; // nothing to go to, nothing to see
        }
        out.append('<').append(tag);
        if (!url.isEmpty()) {
            attribute(tag.equals("a") ? "href" : "src", url);
        }
        for (String name : ATTRIBUTES.getOrDefault(tag, List.of())) {
            if (element.hasAttr(name)) {
                attribute(name, element.attr(name));
            }
        }
        out.append('>');
        return !VOID.contains(tag);
    }

    private void attribute(String name, String value) {
        out.append(' ').append(name).append("=\"");
        escaped(value, true);
        out.append('"');
    }

    private void escaped(String text, boolean quoted) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append(quoted ? "&quot;" : "\"");
                default -> out.append(c);
            }
        }
    }
}
