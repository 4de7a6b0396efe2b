package dev.fetchback.processors;

import java.util.List;
import org.jsoup.nodes.Element;

/** Where pictures come from. */
final class Pictures {
    /** Where pages put the address of a picture that a script is to load. */
    private static final List<String> LATER = List.of("data-src", "data-original", "data-lazy-src");

    private Pictures() {}

    /** A picture's reference; empty when it has none but a placeholder. */
    static String source(Element image) {
        String source = image.attr("src");
        if (!source.isBlank() && !source.startsWith("data:")) {
            return source;
        }
        for (String attribute : LATER) {
            if (image.hasAttr(attribute)) {
                return image.attr(attribute);
            }
        }
        return "";
    }
}
