package dev.fetchback.processors;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jsoup.nodes.Element;

/** How much of what is in one element; small, as there is one for each element of a page. */
final class Weight {
    /** Ideographs say more than letters. */
    private static final int WIDE_FROM = 0x2e80;
    private static final int WIDE = 2;

    private static final String COMMAS = ",،﹐︐︑⹁⸴⸲，、；";
    private static final Set<String> HEADINGS = Set.of("h1", "h2", "h3", "h4", "h5", "h6");
    private static final Set<String> CONTENTS = Set.of("article", "main", "blockquote");
    private static final Set<String> KEPT_AS_IS = Set.of("pre", "code", "figure");

    /** Whether it is left out, with all that is in it. */
    boolean gone;
    /** Whether it is a table that holds data, and was not made to lay the page out. */
    boolean data;
    /** Whether it stands in, or is, what keeps all that it holds. */
    final boolean inContents;
    final boolean inTable;
    final boolean inCode;
    /** The table that it stands in, the innermost; null when it stands in none. */
    final @Nullable Weight table;

    private final String tag;

    /** Whether it can be the content, with points that are given to it. */
    boolean candidate;
    double score;

    /** Characters, white space as one; ideographs count twice. */
    int text;
    /** Of them in links to elsewhere. */
    int linked;
    int inHeadings;
    int inLists;
    int commas;
    int paragraphs;
    int images;
    int items;
    int inputs;
    int embeds;
    private int tables;
    private int headers;
    private int rows;
    private int columns;

    /** @param parent of the element that is above; null at the top */
    Weight(Element element, @Nullable Weight parent) {
        tag = element.normalName();
        inContents = parent != null && parent.inContents || CONTENTS.contains(tag);
        inCode = parent != null && parent.inCode || KEPT_AS_IS.contains(tag);
        inTable = parent != null && parent.inTable || tag.equals("table");
        table = parent == null ? null : parent.tag.equals("table") ? parent : parent.table;
    }

    /** The part of the text that is in links. */
    double linkDensity() {
        return text == 0 ? 0 : (double) linked / text;
    }

    private boolean isData(Element element) {
        String role = element.attr("role");
        if (role.equals("presentation") || role.equals("none") || element.attr("datatable").equals("0")) {
            return false;
        }
        return element.hasAttr("summary") || headers > 0
                || tables <= 1 && rows > 1 && columns > 1 && (rows >= 10 || columns > 4 || rows * columns > 10);
    }

    /** Forgets what was counted. */
    void reset() {
        text = linked = inHeadings = inLists = commas = paragraphs = images = items = inputs = embeds = tables = headers = rows = columns = 0;
    }

    /** Counts a text that stands in it. */
    void count(String own) {
        boolean space = true;
        for (int i = 0; i < own.length(); i++) {
            char c = own.charAt(i);
            if (c <= ' ' || c == '\u00a0') {
                text += space ? 0 : 1;
                space = true;
            } else {
                text += c >= WIDE_FROM ? WIDE : 1;
                commas += c >= ',' && COMMAS.indexOf(c) >= 0 ? 1 : 0;
                space = false;
            }
        }
    }

    /** Counts the element itself, after all that is in it. */
    void count(Element element) {
        switch (tag) {
            case "a" -> linked = element.attr("href").startsWith("#") ? linked : text;
            case "p" -> paragraphs++;
            case "img", "picture" -> images++;
            case "li" -> items++;
            case "input", "textarea", "select", "button" -> inputs++;
            case "object", "embed", "iframe" -> embeds++;
            case "ul", "ol" -> inLists = text;
            case "table" -> {
                tables++;
                data = isData(element);
            }
            case "th", "caption", "thead", "tfoot", "col", "colgroup" -> headers++;
            case "tr" -> {
                rows++;
                columns = Math.max(columns, element.childrenSize());
            }
            default -> inHeadings = HEADINGS.contains(tag) ? text : inHeadings;
        }
    }

    /** Counts what is in an element that stands in it. */
    void add(Weight inner) {
        text += inner.text;
        linked += inner.linked;
        inHeadings += inner.inHeadings;
        inLists += inner.inLists;
        commas += inner.commas;
        paragraphs += inner.paragraphs;
        images += inner.images;
        items += inner.items;
        inputs += inner.inputs;
        embeds += inner.embeds;
        tables += inner.tables;
        headers += inner.headers;
        rows += inner.rows;
        columns = Math.max(columns, inner.columns);
    }
}
