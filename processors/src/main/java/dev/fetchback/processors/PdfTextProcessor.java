package dev.fetchback.processors;

import dev.fetchback.process.FetchedPage;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.io.IOUtils;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDDocumentInformation;
import org.apache.pdfbox.pdmodel.encryption.InvalidPasswordException;
import org.apache.pdfbox.pdmodel.font.FontMappers;
import org.jspecify.annotations.Nullable;

/** {@code pdf-text}: the text of a PDF, page by page. */
public final class PdfTextProcessor implements BuiltIn {
    private static final int FACT_MAX = 10_000;

    /** That of PDFs which are encrypted only to forbid something. */
    private static final String NO_PASSWORD = "";

    private static final Option<Integer> PAGES = Option.count("pages", 1_000, 1, 10_000);

    /** Set up when the first PDF comes: the server itself only checks options. */
    private static final class Reader {
        /** PDFBox logs every oddity of a PDF: strangers would write our log. Held here, as the JDK forgets loggers that nobody holds. */
        private static final List<Logger> SILENCED =
                List.of(Logger.getLogger("org.apache.pdfbox"), Logger.getLogger("org.apache.fontbox"));

        static {
            SILENCED.forEach(logger -> logger.setLevel(Level.OFF));
            FontMappers.set(new BundledFont()); // the default looks through the system's fonts and writes a file about them
        }

        static PDDocument load(byte[] pdf) throws IOException {
            return Loader.loadPDF(pdf, NO_PASSWORD, null, null, IOUtils.createMemoryOnlyStreamCache());
        }
    }

    @Override
    public String name() {
        return "pdf-text";
    }

    @Override
    public List<Option<?>> options() {
        return List.of(PAGES);
    }

    @Override
    public Job job(Options options) {
        int pages = options.get(PAGES);
        return page -> read(page, pages);
    }

    private static Map<String, Object> read(FetchedPage page, int pages) throws UnfitPage {
        Kind kind = Kind.of(page.facts().contentType(), page.bytes());
        if (kind != Kind.PDF && !PdfStreams.isPdf(page.bytes())) {
            throw new UnfitPage("the page is " + kind.label() + "; pdf-text reads PDFs");
        }
        PdfStreams.check(page.bytes());
        try (PDDocument pdf = Reader.load(page.bytes())) {
            if (!pdf.getCurrentAccessPermission().canExtractContent()) {
                throw new UnfitPage("the PDF forbids to take its text out");
            }
            Map<String, Object> result = new LinkedHashMap<>();
            PDDocumentInformation information = pdf.getDocumentInformation();
            put(result, "title", information.getTitle());
            put(result, "author", information.getAuthor());
            List<String> texts = new PdfPages(pages).texts(pdf);
            result.put("page_count", Math.max(pdf.getNumberOfPages(), texts.size()));
            result.put("pages", texts);
            return result;
        } catch (InvalidPasswordException | NoClassDefFoundError encrypted) { // the latter with certificates, which take Bouncy Castle
            throw new UnfitPage("the PDF is encrypted; pdf-text reads PDFs that open without a password");
        } catch (PdfPages.Over over) {
            throw new UnfitPage(String.valueOf(over.getMessage()));
        } catch (IOException | RuntimeException broken) { // PDFBox throws either at broken input
            throw new UnfitPage("the PDF is broken: " + Options.shown(broken.getMessage()));
        } catch (StackOverflowError deep) {
            throw new UnfitPage("the PDF is broken: its objects are nested too deep");
        }
    }

    private static void put(Map<String, Object> to, String key, @Nullable String value) {
        String text = value == null ? "" : Texts.squeezed(value, FACT_MAX);
        if (!text.isEmpty()) {
            to.put(key, text);
        }
    }
}
