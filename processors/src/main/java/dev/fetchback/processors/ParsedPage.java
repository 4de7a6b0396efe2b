package dev.fetchback.processors;

import dev.fetchback.process.FetchedPage;
import java.util.Set;
import org.jsoup.nodes.Document;
import org.jsoup.parser.Parser;

/**
 * A page decoded and parsed, once for all processors of its task; nobody changes it.
 *
 * @param kind what it is
 * @param encoding it was in
 * @param document the tree; of plain text a document with nothing but a {@code pre}
 * @param base what its links are relative to
 */
record ParsedPage(Kind kind, Encoding encoding, Document document, BaseUrl base) {
    /** Deeper trees are made flat by the parser, which keeps recursion and the way up from any element short. */
    static final int DEPTH_MAX = 512;

    /**
     * The page, parsed if it was not yet.
     *
     * @param reader the processor that asks
     * @param kinds which it can read
     * @throws UnfitPage when the page is of another kind
     */
    static ParsedPage of(FetchedPage page, String reader, Set<Kind> kinds) throws UnfitPage {
        Kind kind = Kind.of(page.facts().contentType(), page.bytes());
        if (!kinds.contains(kind)) {
            String type = page.facts().contentType();
            throw new UnfitPage("the page is " + kind.label() + " (" + (type == null ? "without a content type" : Options.shown(type))
                    + "); " + reader + " reads " + String.join(", ", kinds.stream().sorted().map(Kind::label).toList())
                    + (kind == Kind.PDF ? "; pdf-text reads PDFs" : ""));
        }
        return page.once(ParsedPage.class, once -> parse(once, kind));
    }

    private static ParsedPage parse(FetchedPage page, Kind kind) {
        Decoded decoded = Decoded.of(page.bytes(), kind, page.facts().contentType());
        String url = page.facts().finalUrl();
        Document document;
        if (kind == Kind.TEXT) {
            document = Document.createShell(url);
            document.body().appendElement("pre").appendText(decoded.text());
        } else {
            Parser parser = kind == Kind.XML ? Parser.xmlParser() : Parser.htmlParser();
            document = parser.setMaxDepth(DEPTH_MAX).parseInput(decoded.text(), url);
        }
        return new ParsedPage(kind, decoded.encoding(), document, BaseUrl.of(url, document));
    }
}
