package dev.fetchback.outbound;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import org.brotli.dec.BrotliInputStream;
import org.jspecify.annotations.Nullable;

/** Undoes content codings (RFC 9110 §8.4.1): at most one, since nested ones multiply what a small body can grow to. */
final class Decoders {
    static final String ACCEPTED_SMALL = "gzip, deflate";

    static final String ACCEPTED = ACCEPTED_SMALL + ", br, zstd";

    private static final int BUFFER = 4096;
    /** RFC 9659: 8 MB is the window that every decoder of the HTTP coding must know, and need not exceed. */
    private static final int ZSTD_WINDOW_LOG_MAX = 23;

    /** No encoder writes more than one or two at an end; Java's decoder calls itself for each. */
    private static final int EMPTY_MEMBERS_MAX = 100;

    private Decoders() {}

    /** Members one after the other (RFC 1952 §2.2); many empty ones in a row would use up the stack. */
    private static final class Members extends GZIPInputStream {
        private int depth;

        Members(InputStream body) throws IOException {
            super(body, BUFFER);
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (depth > EMPTY_MEMBERS_MAX + 1) { // the outermost read may have ended a member that was not empty
                throw new IOException("more than " + EMPTY_MEMBERS_MAX + " empty members in a row");
            }
            depth++;
            try {
                return super.read(bytes, offset, length);
            } finally {
                depth--;
            }
        }
    }

    /** The one content coding in lower case; null for none. */
    static @Nullable String coding(@Nullable String contentEncoding) throws ExchangeException {
        if (contentEncoding == null) {
            return null;
        }
        String coding = null;
        for (String part : contentEncoding.split(",", -1)) {
            String name = part.strip().toLowerCase(Locale.ROOT);
            if (name.isEmpty() || name.equals("identity")) {
                continue;
            }
            if (coding != null) {
                throw new ExchangeException(Kind.BAD_ENCODING, "the body is encoded more than once, which is not undone");
            }
            coding = name;
        }
        return coding;
    }

    /** Whether the decoder may take much memory, {@link LargeDecoders}. */
    static boolean large(@Nullable String coding) {
        return "br".equals(coding) || "zstd".equals(coding);
    }

    /** The body decoded; closing the result frees the decoder and leaves the body alone. */
    static InputStream decode(WireBody body, @Nullable String coding) throws IOException, ExchangeException {
        if (coding == null || body.peek() < 0) {
            return body;
        }
        return switch (coding) {
            case "gzip", "x-gzip" -> new Members(body);
            case "deflate" -> inflated(body);
            case "br" -> new BrotliInputStream(body, BUFFER);
            case "zstd" -> new ZstdInputStreamNoFinalizer(body).setLongMax(ZSTD_WINDOW_LOG_MAX);
            default -> throw new ExchangeException(
                    Kind.BAD_ENCODING, "the content coding '" + UrlParser.clip(coding) + "' was not asked for and is not known");
        };
    }

    /** "deflate" means zlib, but some servers send raw deflate (RFC 9110 §8.4.1.2, note). */
    private static InputStream inflated(InputStream body) throws IOException {
        PushbackInputStream sniffed = new PushbackInputStream(body, 2);
        byte[] start = sniffed.readNBytes(2);
        sniffed.unread(start);
        boolean zlib = start.length == 2
                && (start[0] & 0x0f) == 8
                && ((start[0] & 0xff) << 8 | start[1] & 0xff) % 31 == 0; // RFC 1950 §2.2
        Inflater inflater = new Inflater(!zlib);
        return new InflaterInputStream(sniffed, inflater, BUFFER) {
            @Override
            public void close() throws IOException {
                inflater.end();
                super.close();
            }
        };
    }
}
