package dev.fetchback.processors;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.select.NodeFilter;

/** What a page is about: some of its elements without some of what is in them. The page's tree itself is left as it is. */
final class Content {
    private final List<Element> parts;
    private final Map<Element, Weight> weights;

    /** @param weights of what is in the parts; elements that have none, or are gone there, are left out */
    Content(List<Element> parts, Map<Element, Weight> weights) {
        this.parts = parts;
        this.weights = weights;
    }

    /** That of a page. */
    static Content of(Document document) throws UnfitPage {
        Content content = MainContent.of(document);
        if (content == null) {
            throw new UnfitPage("the page has no readable text");
        }
        return content;
    }

    /** In the order of the page; none stands in another. */
    List<Element> parts() {
        return parts;
    }

    /** Whether an element in one of the parts is left out. */
    boolean isGone(Element element) {
        Weight weight = weights.get(element);
        return weight == null || weight.gone;
    }

    /** How much text it has. */
    int length() {
        return parts.stream().mapToInt(part -> weights.containsKey(part) ? weights.get(part).text : 0).sum();
    }

    /** The first element of a kind in it; null when there is none. */
    @Nullable Element first(String tag) {
        Element[] found = new Element[1];
        for (Element part : parts) {
            part.filter((NodeFilter) (Node node, int depth) -> {
                if (!(node instanceof Element element)) {
                    return NodeFilter.FilterResult.CONTINUE;
                }
                if (isGone(element)) {
                    return NodeFilter.FilterResult.SKIP_ENTIRELY;
                }
                found[0] = found[0] == null && element.normalName().equals(tag) ? element : found[0];
                return found[0] == null ? NodeFilter.FilterResult.CONTINUE : NodeFilter.FilterResult.STOP;
            });
        }
        return found[0];
    }
}
