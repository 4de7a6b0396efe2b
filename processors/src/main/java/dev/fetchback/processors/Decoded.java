package dev.fetchback.processors;

import com.ibm.icu.text.CharsetDetector;
import com.ibm.icu.text.CharsetMatch;
import dev.fetchback.task.ContentType;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A page's text. Its encoding is decided in the order of the WHATWG HTML standard ("determining the character encoding"): byte
 * order mark, the answer's content type, what the page's first 1,024 bytes say, what the bytes look like, windows-1252.
 *
 * @param text without the byte order mark
 * @param encoding it was in
 */
record Decoded(String text, Encoding encoding) {
    /** The detector looks at no more: it is sure of any real text by then. */
    private static final int DETECT_BYTES = 65_536;
    /** Of the characters beyond ASCII at most one in so many is broken. */
    private static final int BROKEN_SHARE = 10;
    /** In percent; below it the detector only guesses. */
    private static final int CONFIDENCE_MIN = 40;

    /** Decides and decodes. */
    static Decoded of(byte[] bytes, Kind kind, @Nullable String contentType) {
        if (starts(bytes, 0xef, 0xbb, 0xbf)) {
            return in(Encoding.UTF8, bytes, 3);
        }
        if (starts(bytes, 0xfe, 0xff)) {
            return in(Encoding.UTF16_BE, bytes, 2);
        }
        if (starts(bytes, 0xff, 0xfe)) {
            return in(Encoding.UTF16_LE, bytes, 2);
        }
        Optional<Encoding> said = Optional.ofNullable(contentType).map(ContentType::charset).flatMap(Encoding::of)
                .or(() -> kind == Kind.TEXT ? Optional.empty() : Prescan.of(bytes));
        return said.map(encoding -> in(encoding, bytes, 0)).orElseGet(() -> detected(bytes, kind));
    }

    private static Decoded in(Encoding encoding, byte[] bytes, int from) {
        return new Decoded(encoding.decode(bytes, from), encoding);
    }

    private static Decoded detected(byte[] bytes, Kind kind) {
        Decoded utf8 = in(Encoding.UTF8, bytes, 0);
        boolean other = kind != Kind.XML && !isUtf8(utf8.text); // XML has no other default (XML 1.0 §4.3.3)
        return other ? in(likely(bytes, kind), bytes, 0) : utf8;
    }

    /** Whether it is, but for a few broken bytes: in other encodings nearly every letter beyond ASCII would be broken. */
    private static boolean isUtf8(String read) {
        int beyondAscii = 0;
        int broken = 0;
        for (int i = 0; i < read.length(); i++) {
            char c = read.charAt(i);
            beyondAscii += c >= 0x80 ? 1 : 0;
            broken += c == '\ufffd' ? 1 : 0;
        }
        return broken * BROKEN_SHARE <= beyondAscii;
    }

    private static Encoding likely(byte[] bytes, Kind kind) {
        CharsetDetector detector = new CharsetDetector();
        detector.enableInputFilter(kind == Kind.HTML); // looks past tags
        detector.setText(bytes.length > DETECT_BYTES ? Arrays.copyOf(bytes, DETECT_BYTES) : bytes);
        Encoding likely = Encoding.WINDOWS_1252;
        int best = CONFIDENCE_MIN - 1;
        for (CharsetMatch match : detector.detectAll()) {
            // UTF-16 and others that are not ASCII below could hide markup from whoever looked at the page before.
            Encoding known = Encoding.of(match.getName()).filter(one -> !one.name().startsWith("utf-16")).orElse(null);
            boolean tie = match.getConfidence() == best && known == Encoding.WINDOWS_1252; // the most common of the two
            if (known != null && (match.getConfidence() > best || tie)) {
                likely = known;
                best = match.getConfidence();
            }
        }
        return likely;
    }

    private static boolean starts(byte[] bytes, int... mark) {
        if (bytes.length < mark.length) {
            return false;
        }
        for (int i = 0; i < mark.length; i++) {
            if ((bytes[i] & 0xff) != mark[i]) {
                return false;
            }
        }
        return true;
    }
}
