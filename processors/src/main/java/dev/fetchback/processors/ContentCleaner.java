package dev.fetchback.processors;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.select.NodeFilter;

/**
 * Takes out of found content what is in it and not part of it, by what Readability looks at: from the inside out, so that each element
 * is weighed without what has been taken out of it.
 */
final class ContentCleaner implements NodeFilter {
    private static final Set<String> NEVER = Set.of("form", "fieldset", "object", "embed", "footer", "aside", "nav", "button", "input",
            "textarea", "select", "iframe", "link", "dialog");
    private static final Set<String> DOUBTED = Set.of("table", "ul", "ol", "div", "section", "header", "dl");
    private static final Set<String> MAY_BE_CONTENT = Set.of("aside", "form");
    private static final Set<String> MAY_BE_EMPTY = Set.of("p", "div", "section", "header", "h1", "h2", "h3", "h4", "h5", "h6", "li",
            "ul", "ol", "span", "a", "figure");
    private static final Pattern SHARING = Pattern.compile(
            "(?:^|[\\s_-])(?:share|sharedaddy|social|toc|byline|author|breadcrumbs?|pagination)(?:$|[\\s_-])");

    private static final int SHARING_MAX = 500;
    private static final int COMMAS_ENOUGH = 10;

    private final Map<Element, Weight> weights;
    private final boolean byClass;
    private final int text;

    private ContentCleaner(List<Element> content, Map<Element, Weight> weights, boolean byClass) {
        this.weights = weights;
        this.byClass = byClass;
        text = content.stream().map(weights::get).mapToInt(weight -> weight == null ? 0 : weight.text).sum();
    }

    /** Cleans, and counts again what is left. */
    static void clean(List<Element> content, Map<Element, Weight> weights, boolean byClass) {
        ContentCleaner cleaner = new ContentCleaner(content, weights, byClass);
        content.forEach(part -> part.filter(cleaner));
    }

    @Override
    public FilterResult head(Node node, int depth) {
        if (node instanceof Element element) {
            Weight weight = weights.get(element);
            if (weight == null || weight.gone) {
                return FilterResult.SKIP_ENTIRELY;
            }
            weight.reset();
        }
        return FilterResult.CONTINUE;
    }

    @Override
    public FilterResult tail(Node node, int depth) {
        Weight parent = depth == 0 ? null : weight(node.parent());
        if (node instanceof TextNode text && parent != null) {
            parent.count(text.getWholeText());
        } else if (node instanceof Element element) {
            Weight own = weights.get(element);
            if (own != null) {
                own.count(element);
                own.gone = depth > 0 && isOut(element, element.normalName(), own);
                if (parent != null && !own.gone) {
                    parent.add(own);
                }
            }
        }
        return FilterResult.CONTINUE;
    }

    private @Nullable Weight weight(@Nullable Node node) {
        return node instanceof Element element ? weights.get(element) : null;
    }

    private boolean isOut(Element element, String tag, Weight weight) {
        return NEVER.contains(tag) && !(MAY_BE_CONTENT.contains(tag) && isContent(element, tag, weight))
                || weight.text < SHARING_MAX && SHARING.matcher(ClassNames.of(element)).find()
                || Shown.isPermalink(element)
                || DOUBTED.contains(tag) && isDoubtful(element, tag, weight)
                || MAY_BE_EMPTY.contains(tag) && isEmpty(weight);
    }

    /** Some pages are one form, and notes in documents are asides. */
    private boolean isContent(Element element, String tag, Weight weight) {
        return tag.equals("form")
                ? weight.text * 2 > text
                : weight.linkDensity() < 0.2 && weight.inputs == 0 && !ClassNames.areUnlikely(element) && weight.text < text / 5;
    }

    private boolean isDoubtful(Element element, String tag, Weight counted) {
        if (tag.equals("table") && counted.data || counted.inCode || tag.equals("div") && counted.table != null && counted.table.data) {
            return false;
        }
        int weight = byClass ? ClassNames.weight(element) : 0;
        if (weight < 0) {
            return true;
        }
        if (counted.commas >= COMMAS_ENOUGH) {
            return false;
        }
        boolean list = tag.equals("ul") || tag.equals("ol") || tag.equals("dl") || counted.inLists > counted.text * 0.9;
        double density = counted.linkDensity();
        double headings = counted.text == 0 ? 0 : (double) counted.inHeadings / counted.text;
        boolean pictures = counted.images > 0 && counted.text == 0;
        return !list && counted.images > 1 && counted.paragraphs * 2 < counted.images && counted.text < 100 && !pictures
                || !list && counted.items - 100 > counted.paragraphs
                || counted.inputs > counted.paragraphs / 3 + 1
                || !list && headings < 0.9 && counted.text < 25 && (counted.images == 0 || counted.images > 2) && density > 0
                || !list && weight < 25 && density > 0.2 && counted.text > 0
                || list && density > 0.6
                || weight >= 25 && density > 0.5
                || counted.embeds == 1 && counted.text < 75 || counted.embeds > 1;
    }

    private static boolean isEmpty(Weight weight) {
        return weight.text == 0 && weight.images == 0 && weight.embeds == 0 && weight.inputs == 0;
    }
}
