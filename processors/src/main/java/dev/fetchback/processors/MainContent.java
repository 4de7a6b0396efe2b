package dev.fetchback.processors;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.select.NodeFilter;

/**
 * Finds what a page is about, by the idea of Arc90's and Mozilla's Readability: paragraphs give points to what they are in, links take
 * them away, names of classes help, and what stands beside the best and looks like it belongs to it.
 */
final class MainContent {
    /** Content that is shorter may be the wrong one: a more lenient look follows. */
    private static final int ENOUGH = 250;
    /** Shorter paragraphs say nothing of where the content is. */
    private static final int PARAGRAPH_MIN = 25;
    private static final int LEVELS = 5;
    private static final int SIBLING_MIN = 10;
    private static final double SIBLING_SHARE = 0.2;

    private static final Set<String> SCORED = Set.of("p", "pre", "td", "h2", "h3", "h4", "h5", "h6", "blockquote", "dd");
    private static final Set<String> BLOCKS = Set.of("address", "article", "aside", "blockquote", "dl", "div", "figure", "footer", "form",
            "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p", "pre", "section", "table", "ul", "li", "td", "dd",
            "tr", "tbody", "center", "details");
    private static final Set<String> ROLES = Set.of("menu", "menubar", "complementary", "navigation", "alert", "alertdialog", "dialog",
            "search", "banner", "contentinfo");
    private static final Pattern SENTENCE_END = Pattern.compile("[.。!?！？](?:\\s|$)");

    /** How the content is looked for: each is tried where what those before it found is shorter than {@link #after}. */
    private enum Look {
        STRICT(ENOUGH),
        WITH_UNLIKELY(ENOUGH),
        WITHOUT_CLASSES(ENOUGH),
        /** For pages that are next to nothing but links. */
        UNCLEANED(PARAGRAPH_MIN);

        private final int after;

        Look(int after) {
            this.after = after;
        }
    }

    private final Element body;
    private final Look look;
    private final boolean byClass;
    private final Map<Element, Weight> weights = new IdentityHashMap<>();
    /** In the order of the page. */
    private final List<Element> candidates = new ArrayList<>();

    private MainContent(Element body, Look look) {
        this.body = body;
        this.look = look;
        this.byClass = look == Look.STRICT || look == Look.WITH_UNLIKELY;
    }

    /** That of a page; null when it has no text at all. */
    static @Nullable Content of(Document document) {
        Content best = null;
        int most = 0;
        for (Look look : Look.values()) {
            if (most < look.after) {
                Content found = new MainContent(document.body(), look).find();
                if (found.length() > most) {
                    most = found.length();
                    best = found;
                }
            }
        }
        return best;
    }

    private Content find() {
        weigh();
        score();
        List<Element> found = gather(top());
        if (look != Look.UNCLEANED) {
            ContentCleaner.clean(found, weights, byClass);
        }
        return new Content(found, weights);
    }

    private Weight weight(Element element) {
        return Objects.requireNonNull(weights.get(element), "was left out");
    }

    private boolean isGone(Element element) {
        Weight weight = weights.get(element);
        return weight == null || weight.gone;
    }

    /** Counts, without what is never content and in a strict look without what does not look like it. */
    private void weigh() {
        body.filter(new NodeFilter() {
            @Override
            public FilterResult head(Node node, int depth) {
                if (node instanceof Element element) {
                    Weight parent = depth == 0 ? null : weights.get(element.parent());
                    if (parent != null && isNoContent(element, parent)) {
                        return FilterResult.SKIP_ENTIRELY;
                    }
                    weights.put(element, new Weight(element, parent));
                }
                return FilterResult.CONTINUE;
            }

            @Override
            public FilterResult tail(Node node, int depth) {
                Weight parent = depth == 0 || node.parent() == null ? null : weights.get((Element) node.parent());
                if (node instanceof TextNode text && parent != null) {
                    parent.count(text.getWholeText());
                } else if (node instanceof Element element) {
                    Weight own = weight(element);
                    own.count(element);
                    if (parent != null) {
                        parent.add(own);
                    }
                }
                return FilterResult.CONTINUE;
            }
        });
    }

    private boolean isNoContent(Element element, Weight parent) {
        if (Shown.isHidden(element)) {
            return true;
        }
        String tag = element.normalName();
        if (tag.equals("nav") || tag.equals("footer") && !parent.inContents) {
            return true;
        }
        if (element.attributesSize() == 0) {
            return false;
        }
        if (ROLES.contains(element.attr("role")) || element.attr("aria-modal").equals("true")) {
            return true;
        }
        return look == Look.STRICT && !tag.equals("a") && !tag.equals("article") && !tag.equals("main")
                && !parent.inTable && !parent.inCode && ClassNames.areUnlikely(element);
    }

    private void score() {
        body.filter((NodeFilter) (node, depth) -> {
            if (node instanceof Element element) {
                if (isGone(element)) {
                    return NodeFilter.FilterResult.SKIP_ENTIRELY;
                }
                score(element);
            }
            return NodeFilter.FilterResult.CONTINUE;
        });
        for (Element candidate : candidates) {
            Weight weight = weight(candidate);
            weight.score *= 1 - weight.linkDensity();
        }
    }

    private void score(Element element) {
        String tag = element.normalName();
        boolean paragraph = SCORED.contains(tag) || tag.equals("div") && isFlat(element);
        int length = paragraph ? weight(element).text : looseText(element, tag);
        if (length >= PARAGRAPH_MIN) {
            double points = 1 + (paragraph ? weight(element).commas : length / 50.0) + Math.min(length / 100, 3);
            give(paragraph ? element.parent() : element, points);
        }
    }

    private void give(@Nullable Element to, double points) {
        Element ancestor = to;
        for (int level = 0; level < LEVELS && ancestor != null && !ancestor.normalName().equals("html"); level++) {
            Weight weight = weight(ancestor);
            if (!weight.candidate) {
                weight.candidate = true;
                weight.score = start(ancestor);
                candidates.add(ancestor);
            }
            weight.score += level == 0 ? points : level == 1 ? points / 2 : points / (level * 3);
            ancestor = ancestor.parent();
        }
    }

    private double start(Element element) {
        double start = switch (element.normalName()) {
            case "article" -> 10;
            case "main", "div" -> 5;
            case "pre", "td", "blockquote" -> 3;
            case "address", "ol", "ul", "dl", "dd", "dt", "li", "form" -> -3;
            case "h1", "h2", "h3", "h4", "h5", "h6", "th" -> -5;
            default -> 0;
        };
        start += element.attr("itemprop").equals("articleBody") ? 50 : 0;
        return start + (byClass ? ClassNames.weight(element) : 0);
    }

    private static boolean isFlat(Element element) {
        for (Element child = element.firstElementChild(); child != null; child = child.nextElementSibling()) {
            if (BLOCKS.contains(child.normalName())) {
                return false;
            }
        }
        return true;
    }

    /** The length of text that stands in a block beside other blocks. */
    private int looseText(Element element, String tag) {
        if (!tag.equals("div") && !tag.equals("section") && !tag.equals("article") && !tag.equals("main") && !tag.equals("body")) {
            return 0;
        }
        int length = 0;
        for (Node child : element.childNodes()) {
            if (child instanceof TextNode text) {
                length += text.text().strip().length();
            } else if (child instanceof Element inline && !isGone(inline) && !BLOCKS.contains(inline.normalName())) {
                length += weight(inline).text - weight(inline).linked;
            }
        }
        return length;
    }

    private Element top() {
        Element top = null;
        double best = 0;
        for (Element candidate : candidates) {
            double score = weight(candidate).score;
            if (score > best || score == best && top != null && isInside(candidate, top)) {
                best = score;
                top = candidate;
            }
        }
        if (top == null || top.normalName().equals("body")) {
            return body;
        }
        top = common(top, best);
        Element parent = top.parent();
        while (parent != null && !parent.normalName().equals("body") && isOnlyOne(top, parent)) {
            top = parent;
            parent = top.parent();
        }
        return isPart(top) && parent != null ? parent : top;
    }

    private boolean isOnlyOne(Element child, Element parent) {
        return parent.children().stream().allMatch(one -> one == child || isGone(one));
    }

    private static boolean isInside(Element inner, Element outer) {
        Element parent = inner.parent();
        while (parent != null && parent != outer) {
            parent = parent.parent();
        }
        return parent != null;
    }

    /** Rows and items are no content on their own. */
    private static boolean isPart(Element element) {
        return Set.of("tr", "tbody", "td", "li", "p").contains(element.normalName());
    }

    /** What at least three candidates that are nearly as good are in. */
    private Element common(Element top, double best) {
        List<Element> near = candidates.stream().filter(one -> one != top && weight(one).score >= best * 0.75)
                .limit(20).toList();
        if (near.size() < 3) {
            return top;
        }
        for (Element parent = top.parent(); parent != null && !parent.normalName().equals("body"); parent = parent.parent()) {
            Element around = parent;
            if (near.stream().filter(one -> isInside(one, around)).count() >= 3) {
                return parent;
            }
        }
        return top;
    }

    /** The best, and what stands beside it and belongs to it. */
    private List<Element> gather(Element top) {
        Element parent = top.parent();
        if (parent == null || top == body) {
            return List.of(top);
        }
        double best = weight(top).score;
        return parent.children().stream().filter(sibling -> sibling == top || !isGone(sibling) && belongs(sibling, top, best)).toList();
    }

    private boolean belongs(Element sibling, Element top, double best) {
        Weight weight = weight(sibling);
        double bonus = !top.className().isEmpty() && top.className().equals(sibling.className()) ? best * SIBLING_SHARE : 0;
        if (weight.candidate && weight.score + bonus >= Math.max(SIBLING_MIN, best * SIBLING_SHARE)) {
            return true;
        }
        if (!sibling.normalName().equals("p")) {
            return false;
        }
        return weight.text > 80 && weight.linkDensity() < 0.25
                || weight.text > 0 && weight.linked == 0 && SENTENCE_END.matcher(Texts.squeezed(sibling.text(), 100)).find();
    }
}
