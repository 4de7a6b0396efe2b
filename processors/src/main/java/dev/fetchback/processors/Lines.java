package dev.fetchback.processors;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Predicate;
import org.jsoup.nodes.CDataNode;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.select.NodeFilter;

/**
 * Lays an element's text out in lines, as HTML's innerText does: blocks begin lines, paragraphs stand apart, cells are separated by
 * tabs, white space is one space but for that of {@code pre}.
 */
final class Lines implements NodeFilter {
    private final StringBuilder out = new StringBuilder();
    private final int max;
    private final Predicate<Element> gone;
    private int breaks;
    private boolean space;
    private int preformatted;
    /** No more line ends than this before the next text: what a cell begins with is no new line. */
    private int most = Integer.MAX_VALUE;
    private int tabs;
    private final Deque<Row> rows = new ArrayDeque<>();

    private Lines(int max, Predicate<Element> gone) {
        this.max = max;
        this.gone = gone;
    }

    /** The readable text, at most {@code max} characters of it. */
    static String of(Element element, int max) {
        Lines lines = new Lines(max, none -> false);
        element.filter(lines);
        return cut(lines.out, max);
    }

    /** That of what a page is about. */
    static String of(Content content) {
        Lines lines = new Lines(Integer.MAX_VALUE, content::isGone);
        content.parts().forEach(part -> part.filter(lines));
        return cut(lines.out, lines.max);
    }

    @Override
    public FilterResult head(Node node, int depth) {
        if (out.length() >= max) {
            return FilterResult.STOP;
        }
        if (node instanceof TextNode text) {
            if (preformatted > 0 || text instanceof CDataNode) {
                raw(text.getWholeText());
            } else {
                flow(text.getWholeText());
            }
        } else if (node instanceof Element element) {
            if (depth > 0 && (gone.test(element) || Shown.isHidden(element))) {
                return FilterResult.SKIP_ENTIRELY;
            }
            open(element.normalName());
        }
        return FilterResult.CONTINUE;
    }

    @Override
    public FilterResult tail(Node node, int depth) {
        if (node instanceof Element element) {
            String tag = element.normalName();
            breakLine(Shown.breaks(tag));
            if (isPreformatted(tag)) {
                preformatted--;
            } else if (tag.equals("td") || tag.equals("th")) {
                endCell();
            } else if (tag.equals("tr")) {
                rows.pollLast();
                tabs = 0;
            }
        }
        return FilterResult.CONTINUE;
    }

    private void open(String tag) {
        breakLine(Shown.breaks(tag));
        switch (tag) {
            case "br" -> breakLine(Math.min(breaks + 1, 2));
            case "tr" -> rows.addLast(new Row());
            case "td", "th" -> cell();
            case "pre", "listing", "xmp", "textarea" -> preformatted++;
            default -> { }
        }
    }

    private void cell() {
        Row row = rows.peekLast();
        if (row != null && row.begun) {
            tabs++;
        } else if (row != null) {
            row.begun = true;
        }
        most = Math.min(most, breaks);
    }

    /** What follows a cell stands in the same line, even if its last paragraph would end it. */
    private void endCell() {
        most = Integer.MAX_VALUE;
        Row row = rows.peekLast();
        if (row != null && row.written) {
            breaks = 0;
            space = false;
        }
    }

    private static boolean isPreformatted(String tag) {
        return tag.equals("pre") || tag.equals("listing") || tag.equals("xmp") || tag.equals("textarea");
    }

    private void breakLine(int least) {
        if (least > breaks) {
            breaks = least;
        }
    }

    private void flow(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c <= ' ' || c == '\u00a0') {
                space = true;
            } else if (!isInvisible(c)) {
                settle();
                out.append(c);
            }
        }
    }

    private void raw(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\n' && breaks == 0) {
                breakLine(1);
            } else if (c == '\n') {
                breaks++;
            } else if (c != '\r' && !isInvisible(c)) {
                settle();
                out.append(c);
            }
        }
    }

    /** Writes the line ends, tabs and the space that were put off until something follows them. */
    private void settle() {
        if (!rows.isEmpty() && !rows.getLast().written) {
            rows.forEach(row -> row.written = true);
        }
        if (breaks == 0 && tabs == 0 && !space) {
            return;
        }
        int lines = Math.min(breaks, most);
        if (!out.isEmpty()) {
            out.repeat('\n', lines);
        }
        out.repeat('\t', tabs);
        if (lines == 0 && tabs == 0 && space && !out.isEmpty() && out.charAt(out.length() - 1) > ' ') {
            out.append(' ');
        }
        breaks = 0;
        tabs = 0;
        space = false;
        most = Integer.MAX_VALUE;
    }

    private static boolean isInvisible(char c) {
        return c == '\u00ad' || c == '\u200b' || c == '\ufeff';
    }

    private static String cut(StringBuilder text, int max) {
        int end = Math.min(text.length(), max);
        if (end > 0 && end < text.length() && Character.isHighSurrogate(text.charAt(end - 1))) {
            end--;
        }
        while (end > 0 && text.charAt(end - 1) <= ' ') {
            end--;
        }
        return text.substring(0, end);
    }

    /** A table's row that is being laid out. */
    private static final class Row {
        private boolean begun;
        private boolean written;
    }
}
