package dev.fetchback.processors;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.pdfbox.cos.COSDictionary;
import org.apache.pdfbox.cos.COSName;
import org.apache.pdfbox.filter.Filter;
import org.apache.pdfbox.filter.FilterFactory;

/**
 * Unpacks a PDF's streams once for their size, before PDFBox unpacks them into memory without a limit. What hides its filters from
 * this look is left to the memory limit of the process.
 */
final class PdfStreams {
    /** Of one stream: more than the text of any page or the objects of any document. */
    static final int STREAM_MAX = 32 << 20;
    /** Of all: two seconds' work, and not held at once. */
    static final long ALL_MAX = 512L << 20;

    /** A stream's dictionary stands before it; real ones are shorter. */
    private static final int DICTIONARY_MAX = 2048;
    private static final int FILTERS_MAX = 8;

    private static final byte[] STREAM = "stream".getBytes(StandardCharsets.US_ASCII);
    private static final String FILTER_KEY = "/Filter";
    private static final Pattern FILTER = Pattern.compile(FILTER_KEY + "\\s*(?:/([^\\s/<>\\[\\]()]+)|\\[([^\\]]*)\\])");
    private static final Pattern NAME = Pattern.compile("/([^\\s/<>\\[\\]()]+)");
    private static final Pattern PICTURE = Pattern.compile("/Subtype\\s*/Image\\b");
    /** Those that text can be behind; pictures' are never undone here. */
    private static final Set<String> UNPACKED = Set.of("FlateDecode", "Fl", "LZWDecode", "LZW", "ASCII85Decode", "A85", "ASCIIHexDecode",
            "AHx", "RunLengthDecode", "RL");

    private PdfStreams() {}

    /** Whether it begins as PDFs do: with a header in the first 1,024 bytes (PDF 1.7, implementation note 13). */
    static boolean isPdf(byte[] bytes) {
        return new String(bytes, 0, Math.min(bytes.length, 1024), StandardCharsets.ISO_8859_1).contains("%PDF-");
    }

    /** @throws UnfitPage when a stream or all streams unpack to more than is allowed */
    static void check(byte[] pdf) throws UnfitPage {
        long left = ALL_MAX;
        int end = 0;
        for (int keyword = next(pdf, 0); keyword >= 0; keyword = next(pdf, keyword)) {
            List<String> filters = filters(dictionary(pdf, keyword));
            if (!filters.isEmpty()) {
                int data = keyword;
                data += data < pdf.length && pdf[data] == '\r' ? 1 : 0;
                data += data < pdf.length && pdf[data] == '\n' ? 1 : 0;
                end = end < data ? end(pdf, data) : end; // the same for all streams that begin before it
                long size = size(pdf, data, end, filters);
                // What was read counts too: streams that lie in each other are read again for each.
                left -= size + end - data;
                if (size > STREAM_MAX || left < 0) {
                    throw new UnfitPage("a stream of the PDF unpacks to more than " + (STREAM_MAX >> 20) + " MiB, or all of them to more than "
                            + (ALL_MAX >> 20) + " MiB");
                }
            }
        }
    }

    /** Where the next stream's keyword ends; −1 when there is none. */
    private static int next(byte[] pdf, int from) {
        for (int i = from; i + STREAM.length <= pdf.length; i++) {
            if (pdf[i] == 's' && pdf[i + 1] == 't' && matches(pdf, i) && !(i >= 3 && pdf[i - 1] == 'd' && pdf[i - 2] == 'n')) {
                return i + STREAM.length;
            }
        }
        return -1;
    }

    private static boolean matches(byte[] pdf, int at) {
        for (int i = 0; i < STREAM.length; i++) {
            if (pdf[at + i] != STREAM[i]) {
                return false;
            }
        }
        return true;
    }

    /** What stands before a stream's keyword, from where its object begins. */
    private static String dictionary(byte[] pdf, int keyword) {
        int to = keyword - STREAM.length;
        int from = Math.max(0, to - DICTIONARY_MAX);
        String before = new String(pdf, from, to - from, StandardCharsets.ISO_8859_1);
        int object = before.lastIndexOf(" obj");
        return object < 0 ? before : before.substring(object);
    }

    /** What the stream unpacks to, as far as it can be read. */
    private static long size(byte[] pdf, int data, int end, List<String> filters) {
        Counted out = new Counted(false);
        try {
            InputStream packed = new ByteArrayInputStream(pdf, data, end - data);
            for (String name : filters.subList(0, filters.size() - 1)) {
                out = new Counted(true);
                filter(name).decode(packed, out, new COSDictionary(), 0);
                packed = new ByteArrayInputStream(out.kept.toByteArray());
            }
            out = new Counted(false);
            filter(filters.getLast()).decode(packed, out, new COSDictionary(), 0);
        } catch (IOException | RuntimeException broken) {
            // PDFBox will see it too.
        }
        return out.count;
    }

    /** The filters that a dictionary names, each once as PDFBox has it; deflate when it hides them; none for a picture. */
    private static List<String> filters(String dictionary) {
        int key = dictionary.lastIndexOf(FILTER_KEY);
        if (key < 0 || PICTURE.matcher(dictionary).find() && !dictionary.contains("/ObjStm")) {
            return List.of();
        }
        Matcher named = FILTER.matcher(dictionary).region(key, dictionary.length());
        if (!named.lookingAt()) {
            return List.of("FlateDecode");
        }
        List<String> filters = named.group(1) != null ? List.of(named.group(1))
                : NAME.matcher(named.group(2)).results().map(name -> name.group(1)).distinct().limit(FILTERS_MAX).toList();
        return UNPACKED.containsAll(filters) ? filters : List.of();
    }

    private static Filter filter(String name) throws IOException {
        return FilterFactory.INSTANCE.getFilter(COSName.getPDFName(name));
    }

    /** Where the data ends: what follows would only be read in vain, again for each stream. */
    private static int end(byte[] pdf, int from) {
        for (int i = from; i + 9 <= pdf.length; i++) {
            if (pdf[i] == 'e' && pdf[i + 1] == 'n' && pdf[i + 2] == 'd' && matches(pdf, i + 3)) {
                return i;
            }
        }
        return pdf.length;
    }

    /** Told by an exception, so that unpacking ends there. */
    private static final class Full extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Full() {
            super("full", null, false, false);
        }
    }

    /** Counts what comes, and keeps it where another filter follows. */
    private static final class Counted extends OutputStream {
        private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
        private final boolean keeps;
        private long count;

        private Counted(boolean keeps) {
            this.keeps = keeps;
        }

        @Override
        public void write(int b) {
            count(1);
            if (keeps) {
                kept.write(b);
            }
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            count(length);
            if (keeps) {
                kept.write(bytes, from, length);
            }
        }

        private void count(int more) {
            count += more;
            if (count > STREAM_MAX) {
                throw new Full();
            }
        }
    }
}
