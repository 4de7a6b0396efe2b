package dev.fetchback.processors;

import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.apache.pdfbox.contentstream.operator.Operator;
import org.apache.pdfbox.cos.COSBase;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.text.PDFTextStripper;
import org.apache.pdfbox.text.TextPosition;

/** Reads a PDF's text page by page, and ends with a failure at what would take a PDF's reader too long. */
final class PdfPages extends PDFTextStripper {
    /** Of the whole PDF, a few seconds' work; forms that draw forms can ask for any number. */
    static final int OPERATORS_MAX = 5_000_000;
    /** Of the whole PDF; a printed page has some 3,000. */
    static final int GLYPHS_MAX = 8_000_000;
    /** Of one page, all of which are held at once. */
    static final int GLYPHS_PAGE_MAX = 500_000;

    /** Of saved graphics states (PDF 1.7 Annex C allows 28): each takes memory. */
    static final int SAVED_MAX = 10_000;

    private final List<String> texts = new ArrayList<>();
    private final StringWriter writer = new StringWriter();
    private int operators;
    private int glyphs;
    private int glyphsOfPage;

    /** Unchecked, as PDFBox takes an {@link IOException} for a broken picture and goes on. */
    static final class Over extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Over(String message) {
            super(message);
        }
    }

    PdfPages(int pages) {
        setEndPage(pages);
        setSuppressDuplicateOverlappingText(false); // it compares each glyph with all others of its kind
        setLineSeparator("\n");
        setPageEnd("");
    }

    /** The text of each page. */
    List<String> texts(PDDocument pdf) throws IOException {
        writeText(pdf, writer);
        return texts;
    }

    @Override
    public void processPage(PDPage page) throws IOException {
        if (getCurrentPageNo() > getEndPage()) {
            return;
        }
        while (texts.size() < getCurrentPageNo() - 1) {
            texts.add(""); // pages without contents are not told of
        }
        glyphsOfPage = 0;
        writer.getBuffer().setLength(0);
        super.processPage(page);
        texts.add(writer.toString().strip());
    }

    @Override
    protected void processOperator(Operator operator, List<COSBase> operands) throws IOException {
        if (++operators > OPERATORS_MAX) {
            throw new Over("the PDF draws more than " + OPERATORS_MAX + " things; lower pages");
        }
        if (getGraphicsStackSize() > SAVED_MAX) {
            throw new Over("the PDF saves more than " + SAVED_MAX + " graphics states");
        }
        if ((operators & 0xfff) == 0 && Thread.currentThread().isInterrupted()) {
            throw new Over("stopped while reading the PDF");
        }
        super.processOperator(operator, operands);
    }

    @Override
    protected void processTextPosition(TextPosition text) {
        if (++glyphs > GLYPHS_MAX || ++glyphsOfPage > GLYPHS_PAGE_MAX) {
            throw new Over("the PDF has more than " + GLYPHS_MAX + " glyphs, or " + GLYPHS_PAGE_MAX + " on one page; lower pages");
        }
        super.processTextPosition(text);
    }
}
