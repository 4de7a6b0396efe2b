package dev.fetchback.processors;

import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.charset.Charset;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One of the encodings of the web (WHATWG Encoding §4). There are no others: what a page calls its encoding is looked up among
 * their labels and never given to the JDK.
 *
 * @param name as the standard writes it, in lower case
 * @param charset the JDK's for it; null when the JDK has none
 * @param upper what the bytes 0x80 to 0xFF stand for when the JDK has none; null for the replacement encoding, which reads nothing
 */
record Encoding(String name, @Nullable Charset charset, @Nullable String upper) {
    /** The names, each with its further labels: the table of WHATWG Encoding §4.2. */
    private static final String LABELS = """
            utf-8: unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf8 x-unicode20utf8
            ibm866: 866 cp866 csibm866
            iso-8859-2: csisolatin2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2
            iso-8859-3: csisolatin3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3
            iso-8859-4: csisolatin4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4
            iso-8859-5: csisolatincyrillic cyrillic iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988
            iso-8859-6: arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6-e iso-8859-6-i
            iso-8859-6: iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987
            iso-8859-7: csisolatingreek ecma-118 elot_928 greek greek8 iso-ir-126 iso8859-7 iso88597 iso_8859-7
            iso-8859-7: iso_8859-7:1987 sun_eu_greek
            iso-8859-8: csiso88598e csisolatinhebrew hebrew iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8
            iso-8859-8: iso_8859-8:1988 visual
            iso-8859-8-i: csiso88598i logical
            iso-8859-10: csisolatin6 iso-ir-157 iso8859-10 iso885910 l6 latin6
            iso-8859-13: iso8859-13 iso885913
            iso-8859-14: iso8859-14 iso885914
            iso-8859-15: csisolatin9 iso8859-15 iso885915 iso_8859-15 l9
            iso-8859-16:
            koi8-r: cskoi8r koi koi8 koi8_r
            koi8-u: koi8-ru
            macintosh: csmacintosh mac x-mac-roman
            windows-874: dos-874 iso-8859-11 iso8859-11 iso885911 tis-620
            windows-1250: cp1250 x-cp1250
            windows-1251: cp1251 x-cp1251
            windows-1252: ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591
            windows-1252: iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii x-cp1252
            windows-1253: cp1253 x-cp1253
            windows-1254: cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5
            windows-1254: x-cp1254
            windows-1255: cp1255 x-cp1255
            windows-1256: cp1256 x-cp1256
            windows-1257: cp1257 x-cp1257
            windows-1258: cp1258 x-cp1258
            x-mac-cyrillic: x-mac-ukrainian
            gbk: chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 iso-ir-58 x-gbk
            gb18030:
            big5: big5-hkscs cn-big5 csbig5 x-x-big5
            euc-jp: cseucpkdfmtjapanese x-euc-jp
            iso-2022-jp: csiso2022jp
            shift_jis: csshiftjis ms932 ms_kanji shift-jis sjis windows-31j x-sjis
            euc-kr: cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949
            replacement: csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr
            utf-16be: unicodefffe
            utf-16le: csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16
            x-user-defined:
            """;

    /** Labels that are longer name nothing, and are not looked at. */
    private static final int LABEL_MAX = 40;

    // What 0xA0 to 0xFF stand for where the JDK has no charset.
    private static final String LATIN_6 = "\u00a0ĄĒĢĪĨĶ§ĻĐŠŦŽ\u00adŪŊ°ąēģīĩķ·ļđšŧž―ūŋ"
            + "ĀÁÂÃÄÅÆĮČÉĘËĖÍÎÏÐŅŌÓÔÕÖŨØŲÚÛÜÝÞßāáâãäåæįčéęëėíîïðņōóôõöũøųúûüýþĸ";
    private static final String LATIN_8 = "\u00a0Ḃḃ£ĊċḊ§Ẁ©ẂḋỲ\u00ad®ŸḞḟĠġṀṁ¶ṖẁṗẃṠỳẄẅṡ"
            + "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏŴÑÒÓÔÕÖṪØÙÚÛÜÝŶßàáâãäåæçèéêëìíîïŵñòóôõöṫøùúûüýŷÿ";
    /** Below it all that the JDK does not have are ASCII. */
    private static final int UPPER = 0x80;

    private static final Map<String, Encoding> BY_LABEL = byLabel();

    /** What most of the web is in. */
    static final Encoding UTF8 = of("utf-8").orElseThrow();
    /** What pages are in that say nothing and look like nothing else. */
    static final Encoding WINDOWS_1252 = of("windows-1252").orElseThrow();
    static final Encoding UTF16_BE = of("utf-16be").orElseThrow();
    static final Encoding UTF16_LE = of("utf-16le").orElseThrow();
    private static final Encoding USER_DEFINED = of("x-user-defined").orElseThrow();

    /** The encoding that a label stands for, white space around it and case aside; empty when it stands for none. */
    static Optional<Encoding> of(String label) {
        return label.length() > LABEL_MAX
                ? Optional.empty()
                : Optional.ofNullable(BY_LABEL.get(label.strip().toLowerCase(Locale.ROOT)));
    }

    /** The encoding that a label inside a page stands for: it can be read, so it is not UTF-16 (WHATWG HTML, "prescan"). */
    static Optional<Encoding> inside(String label) {
        return of(label).map(found -> found == UTF16_BE || found == UTF16_LE ? UTF8 : found == USER_DEFINED ? WINDOWS_1252 : found);
    }

    /** The text; what is not of this encoding becomes U+FFFD. */
    String decode(byte[] bytes, int from) {
        if (charset != null) {
            return new String(bytes, from, bytes.length - from, charset);
        }
        if (upper == null) {
            return bytes.length > from ? "\ufffd" : "";
        }
        char[] text = new char[bytes.length - from];
        for (int i = 0; i < text.length; i++) {
            int b = bytes[from + i] & 0xff;
            text[i] = b < UPPER ? (char) b : upper.charAt(b - UPPER);
        }
        return new String(text);
    }

    private static Map<String, Encoding> byLabel() {
        Map<String, Encoding> found = new HashMap<>();
        for (String line : LABELS.split("\n")) {
            String[] words = line.split(":? ");
            String name = words[0].replace(":", "");
            Encoding encoding = found.computeIfAbsent(name, Encoding::make);
            for (int i = 1; i < words.length; i++) {
                found.put(words[i], encoding);
            }
        }
        return found;
    }

    private static Encoding make(String name) {
        return switch (name) {
            case "utf-8" -> new Encoding(name, UTF_8, null);
            case "utf-16be" -> new Encoding(name, UTF_16BE, null);
            case "utf-16le" -> new Encoding(name, UTF_16LE, null);
            case "replacement" -> new Encoding(name, null, null);
            case "iso-8859-10" -> new Encoding(name, null, range(0x80, 0xa0) + LATIN_6);
            case "iso-8859-14" -> new Encoding(name, null, range(0x80, 0xa0) + LATIN_8);
            case "x-user-defined" -> new Encoding(name, null, range(0xf780, 0xf800));
            default -> new Encoding(name, Charset.forName(inJava(name)), null);
        };
    }

    /** The JDK's name for an encoding; those of East Asia are supersets there, as browsers have them. */
    private static String inJava(String name) {
        return switch (name) {
            case "iso-8859-8-i" -> "ISO-8859-8";
            case "macintosh" -> "x-MacRoman";
            case "x-mac-cyrillic" -> "x-MacUkraine";
            case "windows-874" -> "x-windows-874";
            case "gbk" -> "GB18030";
            case "big5" -> "Big5-HKSCS";
            case "shift_jis" -> "windows-31j";
            case "euc-kr" -> "x-windows-949";
            default -> name;
        };
    }

    private static String range(int from, int to) {
        StringBuilder characters = new StringBuilder();
        for (int c = from; c < to; c++) {
            characters.append((char) c);
        }
        return characters.toString();
    }
}
