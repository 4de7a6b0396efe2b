package dev.fetchback.processors;

import java.util.Locale;
import java.util.Set;
import org.jsoup.nodes.Element;

/** What a browser that runs no scripts would show of a page, as far as the page itself says so; style sheets are not read. */
final class Shown {
    private static final Set<String> NEVER = Set.of("head", "script", "style", "noscript", "template", "iframe", "object", "embed",
            "audio", "video", "canvas", "svg", "datalist", "noframes", "noembed", "param", "source", "track", "meta", "link", "title",
            "base", "input", "map", "annotation", "annotation-xml", "rp");

    private static final Set<String> BLOCKS = Set.of("address", "article", "aside", "body", "center", "dd", "details", "dialog", "dir",
            "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "html", "legend", "li", "main",
            "menu", "nav", "optgroup", "option", "search", "section", "select", "summary", "table", "caption", "thead", "tbody",
            "tfoot", "tr", "textarea");

    /** Blocks with a blank line around them. */
    private static final Set<String> PARAGRAPHS = Set.of("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "dl", "pre",
            "table", "hr", "figure", "listing", "xmp");

    /** What links to where they stand show; the last is what icons are hung on. */
    private static final Set<String> PERMALINKS = Set.of("¶", "#", "§", "🔗", "\u200b");

    private Shown() {}

    /** Whether nothing of the element is shown. */
    static boolean isHidden(Element element) {
        String tag = element.normalName();
        if (NEVER.contains(tag) || tag.equals("dialog") && !element.hasAttr("open")) {
            return true;
        }
        if (element.attributesSize() == 0) {
            return false;
        }
        if (element.hasAttr("hidden") && !element.attr("hidden").equalsIgnoreCase("until-found")) {
            return true;
        }
        return element.hasAttr("style") && hides(element.attr("style"));
    }

    /** Whether it is the link of a heading or a term to itself, as documentation has them: a sign to click at, not to read. */
    static boolean isPermalink(Element element) {
        return element.normalName().equals("a") && element.attr("href").startsWith("#") && element.firstElementChild() == null
                && PERMALINKS.contains(element.text());
    }

    /** How many line ends there are at least before and after the element; 0 inside a line. */
    static int breaks(String tag) {
        return PARAGRAPHS.contains(tag) ? 2 : BLOCKS.contains(tag) ? 1 : 0;
    }

    private static boolean hides(String style) {
        String plain = style.replace(" ", "").toLowerCase(Locale.ROOT);
        return plain.contains("display:none") || plain.contains("visibility:hidden");
    }
}
