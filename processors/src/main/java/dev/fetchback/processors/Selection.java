package dev.fetchback.processors;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.jsoup.SerializationException;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.select.NodeFilter;

/** One selection on one page, which ends with a clear failure when the page makes its selectors too dear or its result too large. */
final class Selection {
    /** About 10 ns each: a few seconds in all. No page that was made to be read comes near. */
    static final long STEPS_MAX = 300_000_000;
    /** Of all values together, so that matches in matches do not multiply a page. */
    static final int CHARS_MAX = 16_000_000;
    /** Of all lists together. */
    static final int VALUES_MAX = 100_000;

    private static final int SIBLINGS_A_STEP = 4;
    private static final int STEPS_INSIDE = 16;
    private static final int STEPS_A_COMBINATOR = 2;

    private final ParsedPage page;
    private long steps = STEPS_MAX;
    private int chars = CHARS_MAX;
    private int values = VALUES_MAX;

    Selection(ParsedPage page) {
        this.page = page;
    }

    /** What the field is on this page. */
    @Nullable Object value(Field field) throws UnfitPage {
        return value(field, page.document());
    }

    private @Nullable Object value(Field field, Element in) throws UnfitPage {
        Css css = field.css();
        if (css == null) {
            return taken(field, in);
        }
        List<Element> matches = matches(css, in, field.list() ? field.max() : 1);
        if (!field.list()) {
            return matches.isEmpty() ? null : taken(field, matches.getFirst());
        }
        List<Object> list = new ArrayList<>();
        for (Element match : matches) {
            Object value = taken(field, match);
            if (value != null) {
                list.add(value);
            }
        }
        return list;
    }

    private @Nullable Object taken(Field field, Element match) throws UnfitPage {
        if (--values < 0) {
            throw new UnfitPage("select found more than " + VALUES_MAX + " values; lower max");
        }
        if (!field.fields().isEmpty()) {
            Map<String, @Nullable Object> object = new LinkedHashMap<>();
            for (Map.Entry<String, Field> entry : field.fields().entrySet()) {
                object.put(entry.getKey(), value(entry.getValue(), match));
            }
            return object;
        }
        String attr = field.attr();
        String text = attr != null ? attribute(match, attr) : field.html() ? html(match) : text(match);
        if (text != null) {
            chars -= text.length();
            if (chars < 0) {
                throw tooLarge();
            }
        }
        return text;
    }

    private @Nullable String attribute(Element match, String attr) {
        if (attr.startsWith("abs:")) {
            String name = attr.substring("abs:".length());
            return match.hasAttr(name) ? page.base().resolve(match.attr(name)) : null;
        }
        return match.hasAttr(attr) ? match.attr(attr) : null;
    }

    private String text(Element match) throws UnfitPage {
        String text = Lines.of(match, chars + 1);
        spend(text.length());
        return text;
    }

    private String html(Element match) throws UnfitPage {
        try {
            return match.html(new Bounded(chars)).toString();
        } catch (SerializationException | UncheckedIOException full) {
            throw tooLarge();
        }
    }

    private static UnfitPage tooLarge() {
        return new UnfitPage("what select found has more than " + CHARS_MAX + " characters; select less, or lower max");
    }

    private List<Element> matches(Css css, Element in, int max) throws UnfitPage {
        Predicate<Element> matches = css.evaluator().asPredicate(in);
        List<Element> found = new ArrayList<>();
        UnfitPage[] spent = new UnfitPage[1];
        in.filter((NodeFilter) (node, depth) -> {
            if (!(node instanceof Element element) || depth == 0) { // what is searched is not found in itself
                return NodeFilter.FilterResult.CONTINUE;
            }
            try {
                spend(cost(css, element));
            } catch (UnfitPage over) {
                spent[0] = over;
                return NodeFilter.FilterResult.STOP;
            }
            if (matches.test(element)) {
                found.add(element);
            }
            return found.size() < max ? NodeFilter.FilterResult.CONTINUE : NodeFilter.FilterResult.STOP;
        });
        if (spent[0] != null) {
            throw spent[0];
        }
        return found;
    }

    private long cost(Css css, Element element) {
        long cost = 1 + (long) STEPS_A_COMBINATOR * css.combinators();
        Element parent = element.parent();
        if (css.siblings() > 0 && parent != null) {
            cost += (long) css.siblings() * parent.childNodeSize() / SIBLINGS_A_STEP;
        }
        if (css.insides() > 0) {
            cost += (long) css.insides() * size(element) * STEPS_INSIDE;
        }
        return cost;
    }

    /** How much is in an element, or as much as there are steps left for. */
    private long size(Element element) {
        long[] size = new long[1];
        element.filter((NodeFilter) (node, depth) -> {
            size[0] += 1 + node.nodeValue().length() / SIBLINGS_A_STEP;
            return size[0] * STEPS_INSIDE < steps ? NodeFilter.FilterResult.CONTINUE : NodeFilter.FilterResult.STOP;
        });
        return size[0];
    }

    private void spend(long cost) throws UnfitPage {
        steps -= cost;
        if (steps < 0) {
            throw new UnfitPage("the selectors take more steps on this page than the " + STEPS_MAX
                    + " allowed; use fewer of :has(), :contains(), ~, + and :nth-*, or narrower ones");
        }
    }

    /** Takes so much and no more. */
    private static final class Bounded implements Appendable {
        private final StringBuilder out = new StringBuilder();
        private final int max;

        private Bounded(int max) {
            this.max = max;
        }

        @Override
        public Appendable append(CharSequence text) throws IOException {
            return append(text, 0, text.length());
        }

        @Override
        public Appendable append(CharSequence text, int start, int end) throws IOException {
            if (end - start > max - out.length()) {
                throw new IOException("full");
            }
            out.append(text, start, end);
            return this;
        }

        @Override
        public Appendable append(char c) throws IOException {
            return append(String.valueOf(c), 0, 1);
        }

        @Override
        public String toString() {
            return out.toString();
        }
    }
}
