package dev.fetchback.processors;

import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;

/**
 * Walks a tree and writes it as Markdown (CommonMark, with the tables and strike-through of GFM). Recursive: the parser bounds the
 * depth.
 */
final class MarkdownWalk {
    private static final Pattern LANGUAGE =
            Pattern.compile("(?:^|\\s)(?:language|lang|highlight-source|brush:?)[-\\s]?([A-Za-z0-9+#.-]{1,30})");
    private static final Set<String> STRONG = Set.of("strong", "b");
    private static final Set<String> EMPHASIS = Set.of("em", "i", "cite", "dfn", "var");
    private static final int ALT_MAX = 1_000;
    private static final int START_MAX = 999_999_999; // CommonMark §5.2

    private final BaseUrl base;
    private final boolean links;
    private final boolean images;
    private final MarkdownLines out = new MarkdownLines();
    private int strong;
    private int emphasis;
    private int linked;
    private int tables;
    private Predicate<Element> gone = none -> false;

    MarkdownWalk(BaseUrl base, boolean links, boolean images) {
        this.base = base;
        this.links = links;
        this.images = images;
    }

    /** A heading before everything. */
    void title(String title) {
        out.text("# ");
        out.text(MarkdownEscape.text(title, ' ', ' ', false, false));
        out.gap(2);
    }

    /** What is in an element. */
    String walk(Element root) {
        children(root);
        return out.toString();
    }

    /** What a page is about. */
    String walk(Content content) {
        gone = content::isGone;
        for (Element part : content.parts()) {
            element(part, part.normalName());
        }
        return out.toString();
    }

    private void children(Element element) {
        for (Node child = element.firstChild(); child != null; child = child.nextSibling()) {
            if (child instanceof TextNode text) {
                text(text.getWholeText());
            } else if (child instanceof Element inner && isShown(inner)) {
                element(inner, inner.normalName());
            }
        }
    }

    private boolean isShown(Element element) {
        return !Shown.isHidden(element) && !gone.test(element) && !Shown.isPermalink(element);
    }

    private void element(Element element, String tag) {
        switch (tag) {
            case "br" -> out.hardBreak();
            case "hr" -> {
                out.gap(2);
                out.sign("---");
                out.gap(2);
            }
            case "h1", "h2", "h3", "h4", "h5", "h6" -> heading(element, tag.charAt(1) - '0');
            case "ul", "ol", "menu", "dir" -> list(element, tag.equals("ol"));
            case "li" -> item(element, "- "); // without a list
            case "blockquote" -> {
                out.gap(2);
                nested(element, "> ", "> ");
                out.gap(2);
            }
            case "pre", "listing", "xmp" -> block(element);
            case "table" -> table(element);
            case "img" -> image(element);
            case "a" -> link(element);
            case "code", "tt", "kbd", "samp" -> code(element);
            case "q" -> {
                out.text("“");
                children(element);
                out.text("”");
            }
            case "del", "s", "strike" -> marked(element, "~~", "~~");
            case "dt", "summary" -> {
                out.gap(2);
                strong++;
                marked(element, strong == 1 ? "**" : "", strong == 1 ? "**" : "");
                strong--;
                out.gap(2);
            }
            default -> plain(element, tag);
        }
    }

    private void plain(Element element, String tag) {
        if (STRONG.contains(tag)) {
            strong++;
            marked(element, strong == 1 ? "**" : "", strong == 1 ? "**" : "");
            strong--;
        } else if (EMPHASIS.contains(tag)) {
            emphasis++;
            marked(element, emphasis == 1 ? "*" : "", emphasis == 1 ? "*" : "");
            emphasis--;
        } else {
            int breaks = tag.equals("td") || tag.equals("th") ? 1 : Shown.breaks(tag); // cells of a table that lays a page out
            if (breaks > 0) {
                out.gap(2);
            }
            children(element);
            if (breaks > 0) {
                out.gap(2);
            }
        }
    }

    private void text(String text) {
        int from = 0;
        boolean space = false;
        while (from < text.length()) {
            int to = from;
            while (to < text.length() && isSpace(text.charAt(to))) {
                to++;
            }
            space |= to > from;
            from = to;
            while (to < text.length() && !isSpace(text.charAt(to))) {
                to++;
            }
            if (to > from) {
                if (space) {
                    out.space();
                }
                String word = text.substring(from, to);
                char after = to < text.length() ? ' ' : MarkdownEscape.UNKNOWN;
                // A line's beginning means something with what follows the first word, which is a space or its end.
                out.text(MarkdownEscape.text(word, out.before(), after, out.isLineStart(), tables > 0));
                space = false;
            }
            from = to;
        }
        if (space) {
            out.space();
        }
    }

    private static boolean isSpace(char c) {
        return c <= ' ' || c == '\u00a0' || c == '\u200b' || c == '\ufeff';
    }

    private void heading(Element element, int level) {
        out.gap(2);
        if (element.hasText() || images) {
            out.open("#".repeat(level) + " ", "");
            out.beginLine();
            children(element);
            out.endLine();
            out.close();
        }
        out.gap(2);
    }

    private void marked(Element element, String open, String close) {
        out.mark(open, close);
        children(element);
        out.unmark();
    }

    private void nested(Element element, String first, String rest) {
        out.open(first, rest);
        children(element);
        out.close();
    }

    private void list(Element list, boolean ordered) {
        boolean inItem = list.parent() != null && list.parent().normalName().equals("li");
        out.gap(inItem ? 1 : 2);
        int number = ordered ? start(list.attr("start")) : 0;
        for (Node child = list.firstChild(); child != null; child = child.nextSibling()) {
            if (child instanceof Element item && isShown(item)) {
                if (item.normalName().equals("li")) {
                    item(item, ordered ? number + ". " : "- ");
                    number = Math.min(number + 1, START_MAX);
                } else {
                    element(item, item.normalName());
                }
            } else if (child instanceof TextNode text && !text.isBlank()) {
                text(text.getWholeText());
            }
        }
        out.gap(inItem ? 1 : 2);
    }

    private static int start(String start) {
        try {
            return Math.clamp(Integer.parseInt(start.strip()), 0, START_MAX);
        } catch (NumberFormatException none) {
            return 1;
        }
    }

    private void item(Element item, String marker) {
        out.gap(1);
        Element box = box(item, 2);
        out.open(marker + (box == null ? "" : box.hasAttr("checked") ? "[x] " : "[ ] "), " ".repeat(marker.length()));
        children(item);
        out.close();
        out.gap(1);
    }

    /** The box of a list of tasks, which stands first in its item or in what stands first there. */
    private static @Nullable Element box(Element in, int depth) {
        Element first = in.firstElementChild();
        if (first == null || first.normalName().equals("input")) {
            return first != null && first.attr("type").equalsIgnoreCase("checkbox") ? first : null;
        }
        boolean wraps = first.normalName().equals("label") || first.normalName().equals("p");
        return wraps && depth > 1 ? box(first, depth - 1) : null;
    }

    private void block(Element pre) {
        out.gap(2);
        String code = pre.wholeText().replace("\r\n", "\n").replaceFirst("^\n", "").stripTrailing();
        if (tables > 0) {
            code(pre);
        } else if (!code.isEmpty()) {
            String fence = MarkdownEscape.fence(code);
            out.sign(fence + language(pre));
            out.verbatim(code);
            out.verbatim(fence);
        }
        out.gap(2);
    }

    private static String language(Element pre) {
        Element code = pre.selectFirst("code[class]");
        for (Element named : new @Nullable Element[] {code, pre, pre.parent()}) {
            if (named != null) {
                Matcher language = LANGUAGE.matcher(Texts.squeezed(named.className(), 200));
                if (language.find()) {
                    return language.group(1);
                }
            }
        }
        return pre.hasAttr("data-lang") ? pre.attr("data-lang").replaceAll("[^A-Za-z0-9+#.-]", "") : "";
    }

    private void code(Element element) {
        String code = Texts.squeezed(element.wholeText(), MarkdownLines.CHARS_MAX);
        if (!code.isEmpty()) {
            String marked = MarkdownEscape.code(code);
            out.text(tables > 0 ? marked.replace("|", "\\|") : marked);
        }
    }

    private void link(Element link) {
        String href = link.attr("href");
        String url = links && linked == 0 && link.hasAttr("href") && !href.startsWith("#") ? base.resolve(href) : null;
        if (url == null) {
            children(link);
            return;
        }
        linked++;
        marked(link, "[", "](" + MarkdownEscape.url(url) + ")");
        linked--;
    }

    private void image(Element image) {
        String source = Pictures.source(image);
        String url = images && !source.isBlank() ? base.resolve(source) : null;
        if (url != null) {
            String alt = MarkdownEscape.text(Texts.squeezed(image.attr("alt"), ALT_MAX), ' ', ' ', false, tables > 0);
            out.text("![" + alt + "](" + MarkdownEscape.url(url) + ")");
        }
    }

    private void table(Element table) {
        out.gap(2);
        MarkdownTable rows = tables > 0 ? null : MarkdownTable.of(table);
        if (rows == null) {
            children(table); // laid out by it, not listed in it
        } else {
            for (Element caption : table.children()) {
                if (caption.normalName().equals("caption")) {
                    children(caption);
                    out.gap(2);
                }
            }
            tables++;
            rows.write(out, this::children);
            tables--;
        }
        out.gap(2);
    }
}
