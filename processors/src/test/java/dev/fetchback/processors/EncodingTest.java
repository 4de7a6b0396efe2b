package dev.fetchback.processors;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class EncodingTest {
    private static final byte[] UMLAUT = {(byte) 0xfc};

    @ParameterizedTest
    @CsvSource({"iso-8859-1,windows-1252", "latin1,windows-1252", "US-ASCII,windows-1252", "ISO-8859-9,windows-1254", "gb2312,gbk",
            "utf-16,utf-16le", "UTF8,utf-8", "' utf-8 ',utf-8", "x-sjis,shift_jis", "ks_c_5601-1987,euc-kr", "logical,iso-8859-8-i",
            "iso-2022-kr,replacement", "tis-620,windows-874", "x-user-defined,x-user-defined", "iso8859-14,iso-8859-14"})
    void labelsStandForWhatBrowsersRead(String label, String name) {
        assertThat(Encoding.of(label)).get().extracting(Encoding::name).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"utf-7", "utf-32", "IBM037", "x-COMPOUND_TEXT", "", "utf\u20118", "ISO-10646-UCS-4", "none"})
    void whatIsNoEncodingOfTheWebIsNone(String label) {
        assertThat(Encoding.of(label)).isEmpty();
    }

    @Test
    void readsThoseThatTheJdkDoesNotHave() {
        assertThat(Encoding.of("latin6").orElseThrow().decode(new byte[] {'a', (byte) 0x85, (byte) 0xa1, (byte) 0xff}, 0)).isEqualTo("a\u0085Ąĸ");
        assertThat(Encoding.of("iso-8859-14").orElseThrow().decode(new byte[] {(byte) 0xa1, (byte) 0xff}, 0)).isEqualTo("Ḃÿ");
        assertThat(Encoding.of("x-user-defined").orElseThrow().decode(new byte[] {'a', (byte) 0x80, (byte) 0xff}, 0))
                .isEqualTo("a\uf780\uf7ff");
        assertThat(Encoding.of("hz-gb-2312").orElseThrow().decode(new byte[] {'<', 'b', '>'}, 0)).isEqualTo("\ufffd");
    }

    @Test
    void theMarkGoesBeforeTheHeader() {
        assertThat(read("text/html; charset=windows-1252", new byte[] {(byte) 0xef, (byte) 0xbb, (byte) 0xbf, (byte) 0xc3, (byte) 0xbc}))
                .isEqualTo("ü in utf-8");
        assertThat(read("text/html; charset=utf-8", new byte[] {(byte) 0xfe, (byte) 0xff, 0, 'a'})).isEqualTo("a in utf-16be");
        assertThat(read(null, new byte[] {(byte) 0xff, (byte) 0xfe, 'a', 0})).isEqualTo("a in utf-16le");
    }

    @Test
    void theHeaderGoesBeforeTheMeta() {
        byte[] page = "<meta charset=utf-8>\u00fc".getBytes(StandardCharsets.ISO_8859_1);
        assertThat(read("text/html; x=y; Charset=\"ISO-8859-1\"", page)).isEqualTo("<meta charset=utf-8>ü in windows-1252");
        assertThat(read("text/html; charset=nonsense", page)).isEqualTo("<meta charset=utf-8>\ufffd in utf-8");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "<meta charset=koi8-r>|koi8-r",
            "<META CHARSET = 'KOI8-R' />|koi8-r",
            "<meta http-equiv=content-type content='text/html; charset=big5'>|big5",
            "<meta content='text/html;charset=\"big5\"' http-equiv=Content-Type>|big5",
            "<meta name=x content='text/html; charset=big5'><meta charset=gbk>|gbk",
            "<!-- <meta charset=big5> --><meta charset=gbk>|gbk",
            "<a title='<meta charset=big5>'><meta charset=gbk>|gbk",
            "<meta charset=nonsense><meta charset=gbk>|gbk",
            "<meta charset=utf-16>|utf-8",
            "<meta charset=x-user-defined>|windows-1252",
            "<?xml version='1.0' encoding='EUC-JP'?><p>|euc-jp",
            "<metal charset=big5>|windows-1252",
            "<meta charset=big|windows-1252",
            "</meta charset=big5><!meta charset=big5>|windows-1252"})
    void theMetaIsReadAsBrowsersReadIt(String start, String name) {
        byte[] bytes = (start + "\u00fc").getBytes(StandardCharsets.ISO_8859_1);
        assertThat(Decoded.of(bytes, Kind.HTML, "text/html").encoding().name()).isEqualTo(name);
    }

    @Test
    void theMetaCountsInTheFirst1024BytesOnly() {
        String late = " ".repeat(1024) + "<meta charset=koi8-r>\u00fc";
        assertThat(Decoded.of(late.getBytes(StandardCharsets.ISO_8859_1), Kind.HTML, null).encoding()).isEqualTo(Encoding.WINDOWS_1252);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "Shift_JIS|これは日本語の文章です。文字コードを宣言していないページの例です。",
            "EUC-JP|これは日本語の文章です。文字コードを宣言していないページの例です。",
            "GB18030|这是一个没有声明编码的中文网页。检测器应该能够识别它的编码方式。",
            "Big5|這是一個沒有宣告編碼的中文網頁。偵測器應該能夠辨識它的編碼方式。",
            "EUC-KR|이것은 인코딩을 선언하지 않은 한국어 웹 페이지입니다. 감지기가 알아내야 합니다.",
            "windows-1251|Это страница на русском языке, которая не говорит, в какой кодировке она написана. Она должна читаться.",
            "KOI8-R|Это страница на русском языке, которая не говорит, в какой кодировке она написана. Она должна читаться.",
            "windows-1252|Diese Seite sagt nicht, in welcher Kodierung sie geschrieben ist. Für Übersetzungen müssen wir es prüfen.",
            "windows-1252|Café à la crème",
            "ISO-8859-2|Ta strona nie mówi, w jakim kodowaniu została napisana. Trzeba to odgadnąć po literach.",
            "ISO-8859-7|Αυτή η σελίδα δεν λέει σε ποια κωδικοποίηση είναι γραμμένη. Πρέπει να το μαντέψουμε.",
            "windows-1256|هذه الصفحة لا تقول بأي ترميز كتبت. يجب أن نخمن ذلك من الحروف الموجودة فيها.",
            "UTF-8|Ça marche aussi avec l’UTF-8, même sans déclaration."})
    void whatSaysNothingIsReadByItsLooks(String charset, String text) {
        byte[] bytes = ("<html><body><p class=text>" + text + "</p></body></html>").getBytes(Charset.forName(charset));
        assertThat(Decoded.of(bytes, Kind.HTML, "text/html").text()).contains(text);
    }

    @Test
    void oneBrokenByteDoesNotMakeAUtf8PageAnother() {
        byte[] bytes = "<p>Größe, Übung, schön, müßig, naïve façade über alles in der Straße</p>X".getBytes(StandardCharsets.UTF_8);
        bytes[bytes.length - 1] = (byte) 0xff;
        assertThat(Decoded.of(bytes, Kind.HTML, null).text()).contains("Größe, Übung").endsWith("\ufffd");
    }

    @Test
    void nothingKnownIsWindows1252() {
        assertThat(read("text/html", UMLAUT)).isEqualTo("ü in windows-1252");
        assertThat(Decoded.of(UMLAUT, Kind.XML, "text/xml").encoding()).isEqualTo(Encoding.UTF8);
        assertThat(Decoded.of(new byte[0], Kind.HTML, null).text()).isEmpty();
    }

    private static String read(String contentType, byte[] bytes) {
        Decoded decoded = Decoded.of(bytes, Kind.HTML, contentType);
        return decoded.text() + " in " + decoded.encoding().name();
    }
}
