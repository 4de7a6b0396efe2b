package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where URLs lead: to the very origin that WHATWG URL names, or nowhere. {@code -} stands for a refusal. */
class UrlCorpusTest {
    /** Rounds of each fuzz; {@code -Dfetchback.fuzz.seconds} makes them as long as wanted. */
    private static final int ROUNDS = 100_000;

    private static void leads(String url, String origin) {
        String found;
        try {
            found = Target.parse(url).origin();
        } catch (BadUrl e) {
            found = "-";
        }
        assertThat(found).as(url).isEqualTo(origin);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            http://0.0.0.0            | http://0.0.0.0
            http://0x0.0x0.0x0.0x0    | http://0.0.0.0
            http://0000.0000.0000.0000| http://0.0.0.0
            http://00000000000        | http://0.0.0.0
            http://0X7F.0X00.00.01    | http://127.0.0.1
            http://0x7F000001:8080    | http://127.0.0.1:8080
            http://0x000000007f000001 | http://127.0.0.1
            http://127.0x1            | http://127.0.0.1
            http://127.0.1            | http://127.0.0.1
            http://127.0000000001     | http://127.0.0.1
            http://0177.1             | http://127.0.0.1
            http://017700000001.      | http://127.0.0.1
            http://3232235777         | http://192.168.1.1
            http://0xc0a80101         | http://192.168.1.1
            http://0300.0250.0x1.1    | http://192.168.1.1
            http://169.254.43518      | http://169.254.169.254
            http://0xa9fea9fe         | http://169.254.169.254
            http://0251.0376.0251.0376| http://169.254.169.254
            http://2852039166         | http://169.254.169.254
            http://4294967295         | http://255.255.255.255
            http://0xffffffff         | http://255.255.255.255
            http://037777777777       | http://255.255.255.255
            http://1.16777215         | http://1.255.255.255
            http://1.2.65535          | http://1.2.255.255
            http://1.2.3.0x           | http://1.2.3.0
            http://0x.0x.0            | http://0.0.0.0
            http://%30x7f.%31         | http://127.0.0.1
            http://%EF%BC%91.1        | http://1.0.0.1
            http://１２７．０．０．１      | http://127.0.0.1
            http://０ｘ７ｆ．１          | http://127.0.0.1
            http://127｡0｡0｡1          | http://127.0.0.1
            http://127.0.0.1。         | http://127.0.0.1
            http://①②⑦.⓪.⓪.①        | http://127.0.0.1
            http://⑯⑨.②⑤④.169.254    | http://169.254.169.254
            http://𝟏𝟐𝟕.𝟎.𝟎.𝟏          | http://127.0.0.1
            http://127.0.0.1\u00ad    | http://127.0.0.1
            http://0x100000000        | -
            http://0400000000000      | -
            http://1.16777216         | -
            http://1.2.65536          | -
            http://1.2.3.256          | -
            http://256.1              | -
            http://1.0x100.1          | -
            http://1.2.3.08           | -
            http://1.2.3.0xg          | http://1.2.3.0xg
            http://1.2.3.09           | -
            http://0xg.1              | -
            http://x.1                | -
            http://1..1               | -
            http://1.2.3.4..          | -
            http://1.2.3.4.           | http://1.2.3.4
            http://1.2.3.4.5.6        | -
            http://-1.1               | -
            http://-128.1             | -
            http://1.-2.3.4           | -
            http://_1.1               | -
            http://0x-1.1             | -
            http://0-1.1              | -
            http://1.1.1.1_           | http://1.1.1.1_
            http://1e1                | http://1e1
            http://1.1.1.1-           | http://1.1.1.1-
            http://٢.1                | -
            http://1٫1                | -
            """)
    void numbersAreAddressesOrNothing(String url, String origin) {
        leads(url, origin);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            http://[::FFFF:7F00:1]              | -
            http://[::ffff:0:127.0.0.1]         | http://[::ffff:0:7f00:1]
            http://[::127.0.0.1]                | http://[::7f00:1]
            http://[0:0:0:0:0:0:127.0.0.1]      | http://[::7f00:1]
            http://[64:ff9b::127.0.0.1]         | http://[64:ff9b::7f00:1]
            http://[2002:7f00:1::]              | http://[2002:7f00:1::]
            http://[0001:0:0:2:0:0:0:3]         | http://[1:0:0:2::3]
            http://[1:0:2:3:4:5:6:7]            | http://[1:0:2:3:4:5:6:7]
            http://[0:0:1:1:1:1:0:0]            | http://[::1:1:1:1:0:0]
            https://[fe80::1]:443               | https://[fe80::1]
            https://[fe80::1]:80                | https://[fe80::1]:80
            http://[::1]:                       | http://[::1]
            http://[fe80::1%eth0]               | -
            http://[fe80::1%25eth0]             | -
            http://[::1%]                       | -
            http://[::1%2500]                   | -
            http://[]                           | -
            http://[:]                          | -
            http://[1]                          | -
            http://[1:2]                        | -
            http://[::1]]                       | -
            http://[[::1]]                      | -
            http://[::1                         | -
            http://::1                          | -
            http://::1]                         | -
            http://x[::1]                       | -
            http://[::1]x                       | -
            http://[::1].com                    | -
            http://[1::2::3]                    | -
            http://[1:2:3:4:5:6:7:8:9]          | -
            http://[1:2:3:4:5:6:7:8::9]         | -
            http://[12345::]                    | -
            http://[::g]                        | -
            http://[::１]                        | -
            http://[::1.2.3]                    | -
            http://[::1.2.3.4.5]                | -
            http://[::1.2.3.256]                | -
            http://[::1.2.3.04]                 | -
            http://[::0x7f.0.0.1]               | -
            http://[1.2.3.4::]                  | -
            http://[::1.2.3.4:5]                | -
            http://[v1.x]                       | -
            http://[::1]:0                      | -
            http://[::1]:80:80                  | -
            http://[::1]@h                      | -
            http://%5B::1%5D                    | -
            """)
    void bracketsHoldAnIpv6AddressOrNothing(String url, String origin) {
        leads(url, origin);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            http://faß.de                | http://xn--fa-hia.de
            http://FAẞ.de                | http://xn--fa-hia.de
            http://fass.de               | http://fass.de
            http://βόλος.com             | http://xn--nxasmm1c.com
            http://ΒΌΛΟΣ.com             | http://xn--nxasmq6b.com
            http://نامه\u200cای.com      | http://xn--mgba3gch31f060k.com
            http://BÜCHER.example        | http://xn--bcher-kva.example
            http://bu\u0308cher.example  | http://xn--bcher-kva.example
            http://b%C3%BCcher.example   | http://xn--bcher-kva.example
            http://XN--BCHER-KVA.example | http://xn--bcher-kva.example
            http://日本語。jp               | http://xn--wgv71a119e.jp
            http://☃.net                 | http://xn--n3h.net
            http://💩.la                  | http://xn--ls8h.la
            http://ａｂｃ．com              | http://abc.com
            http://ex\u00adam\u200bple.com | http://example.com
            http://ex\u2060ample.com     | http://example.com
            http://ℯxampl\u212f.com      | http://example.com
            http://\u212aelvin.com       | http://kelvin.com
            http://\u017fs.com           | http://ss.com
            http://İ.com                 | http://xn--i-9bb.com
            http://xn--fa-hia.de.        | http://xn--fa-hia.de
            http://ab--cd.com            | http://ab--cd.com
            http://ab_ü.com              | http://xn--ab_-joa.com
            http://-ü-.com               | http://xn-----xka.com
            http://xn--.com              | -
            http://xn--a.com             | -
            http://xn--ü.com             | -
            http://xn--99999999.com      | -
            http://xn--bcher-kvA\u200b.com | http://xn--bcher-kva.com
            http://a\u200db.com          | -
            http://a\u200cb.com          | -
            http://\u0301a.com           | -
            http://اa.com                | -
            http://\ufdd0x.com           | -
            http://\ufffd.com            | -
            http://a%E3%80%80b.com      | -
            http://a%E2%80%A8b.com      | -
            http://a\u202eb.com          | -
            http://a／b.com               | -
            http://a\u2100b.com          | -
            http://a＠b.com               | -
            http://a：80.com              | -
            http://a？b.com               | -
            http://a＃b.com               | -
            http://a％31.com              | -
            http://％31％32％37.0.0.1      | -
            http://\u00ad.com            | -
            http://a.\u00ad.com          | -
            http://\u00ad                | -
            http://%C3%28.com            | -
            http://a%C2.com              | -
            http://%e2%80%8b             | -
            """)
    void namesAreMappedByUts46(String url, String origin) {
        leads(url, origin);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            hTTps://Example.COM:00443?x  | https://example.com
            http://example.com:443       | http://example.com:443
            https://example.com:80       | https://example.com:80
            http://example.com:65535     | http://example.com:65535
            http://example.com#@evil.com | http://example.com
            http://example.com?@evil.com | http://example.com
            http://example.com/@evil.com | http://example.com
            http://example.com/:80       | http://example.com
            http://a/b://c               | http://a
            http://localhost.            | http://localhost
            http://%6C%6f%63%61lhost     | http://localhost
            http://a_._b.c-              | http://a_._b.c-
            http://123.com               | http://123.com
            http://1.2.3.4.com           | http://1.2.3.4.com
            http://0x7f.1.com            | http://0x7f.1.com
            http://@example.com          | -
            http://:@example.com         | -
            http://a%40b.com             | -
            http://example.com%40evil.com| -
            http://evil.com%2f.com       | -
            http://evil.com%23.com       | -
            http://evil.com%3f.com       | -
            http://evil.com%5c.com       | -
            http://evil.com%0d%0ax       | -
            http://evil.com%20           | -
            http://%2531.com             | -
            http://a%.com                | -
            http://a%g0.com              | -
            http://a%1                   | -
            http://example.com:+80       | -
            http://example.com:8 0       | -
            http://example.com:８０        | -
            http://example.com:%38%30    | -
            http://example.com:80a       | -
            http://example.com:065536    | -
            http://example.com:18446744073709551696 | -
            http://example.com::80       | -
            http://a:b:80                | -
            http:\\\\example.com         | -
            http:/\\example.com          | -
            http://a\\b                  | -
            http:////a                   | -
            http://?a                    | -
            http://#a                    | -
            http://.                     | -
            http://..                    | -
            http://a^b                   | -
            http://a<b                   | -
            http://a`b                   | -
            http://a{b}                  | -
            http://a!b                   | -
            http://a,b                   | -
            http://a;b                   | -
            http://a=b                   | -
            http://a'b                   | -
            http://a$b                   | -
            http://a&b                   | -
            http://a(b)                  | -
            http://a*b                   | -
            http://a+b                   | -
            http://a~b                   | -
            http:a                       | -
            https:/a                     | -
            ws://a                       | -
            view-source:http://a         | -
            jar:http://a!/               | -
            http://a:80http://b          | -
            http://a/\u009f              | -
            http://a/\tb                 | -
            ht\ttp://a                   | -
            http\u200b://a               | -
            ｈttp://a                     | -
            """)
    void whatElseLeadsAstray(String url, String origin) {
        leads(url, origin);
    }

    @Test
    void badPortsAreThoseOfTheFetchStandard() {
        TreeSet<Integer> refused = new TreeSet<>();
        for (int port = 0; port <= 65_535; port++) {
            try {
                Target.parse("http://a:" + port);
            } catch (BadUrl e) {
                refused.add(port);
            }
        }
        List<Integer> expected = new ArrayList<>(List.of(0, 1, 7, 9, 11, 13, 15, 17, 19, 37, 42, 43, 53, 69, 77, 79, 87, 95));
        IntStream.rangeClosed(20, 23).forEach(expected::add); // ftp, ssh, telnet
        expected.addAll(List.of(25, 465, 587, 109, 110, 995, 143, 993)); // mail
        expected.addAll(List.of(101, 102, 103, 104, 111, 113, 115, 117, 119, 123, 135, 137, 139, 161, 179, 389, 427));
        expected.addAll(List.of(512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 601, 636, 989, 990));
        expected.addAll(List.of(1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6679, 6697, 10080));
        IntStream.rangeClosed(6665, 6669).forEach(expected::add); // IRC
        assertThat(refused).containsExactlyInAnyOrderElementsOf(expected);
    }

    /** What may stand in any place of a URL that somebody made to mislead. */
    private static final String[] PIECES = {
        "http://", "https://", "HTTP:", "//", "/", "\\", "@", ":", ":80", ":8080", ":0", "?", "#", "[", "]", "[::1]", "::", ".",
        "..", "%", "%2e", "%2F", "%00", "%0a", "%25", "%40", "\t", "\n", "\r", " ", "\0", "example", "com", "127.0.0.1", "0x7f", "0177",
        "1", "-", "-1", "_", "xn--", "xn--fa-hia", "ß", "ü", "İ", "①", "。", "．", "／", "＠", "％", "\u00ad", "\u200d", "\u0301",
        "\ud800", "💩", "ا", "a", "%C3%BC", "%ff", "user", "'", "\"", "<", "|", "&", "=", ";", "+", "~", "{", "^"
    };

    private static String madeUp(Random random) {
        StringBuilder url = new StringBuilder(random.nextInt(10) == 0 ? "" : "http://");
        for (int i = random.nextInt(8); i >= 0; i--) {
            url.append(random.nextInt(12) == 0
                    ? Character.toString(random.nextInt(Character.MAX_CODE_POINT + 1))
                    : PIECES[random.nextInt(PIECES.length)]);
        }
        return url.toString();
    }

    @Test
    void whateverIsReadStaysTheSameAndHoldsNoDelimiters() throws BadUrl {
        long seed = Long.getLong("fetchback.fuzz.seed", new Random().nextLong());
        Random random = new Random(seed);
        Target base = Target.parse("https://base.example:8443/a/b?c");
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.getLong("fetchback.fuzz.seconds", 0));
        int read = 0;
        for (int i = 0; i < ROUNDS || System.nanoTime() < end; i++) {
            String url = madeUp(random);
            Target target;
            try {
                target = i % 3 == 0 ? base.resolve(url) : Target.parse(url);
            } catch (BadUrl e) {
                assertThat(e).hasMessageNotContaining("null");
                continue;
            }
            read++;
            String as = "seed " + seed + ", round " + i + ", " + url;
            assertThat(Target.parse(target.toString())).as(as).isEqualTo(target).hasToString(target.toString());
            assertThat(target.asciiHost()).as(as).matches("[a-z0-9_-]+(\\.[a-z0-9_-]+)*|\\[[0-9a-f:]+]");
            assertThat(target.authority()).as(as).matches("\\S+?(:[1-9][0-9]{0,4})?").doesNotContain("@", "/", "\\");
            assertThat(target.pathQuery()).as(as).matches("/[!-~]*").doesNotContain("#", "<", ">", "\"");
            assertThat(target.toString().length()).as(as).isLessThanOrEqualTo(Target.LENGTH_MAX);
        }
        assertThat(read).as("enough are read, seed %d", seed).isGreaterThan(ROUNDS / 50);
    }

    @Test
    void aControlCharacterAnywhereIsRefused() {
        String good = "https://example.com:8443/path?query=1";
        for (int at = 0; at <= good.length(); at++) {
            for (char c : new char[] {0, '\t', '\n', '\r', ' ', 0x1f, 0x7f, 0x80, 0x9f}) {
                String url = good.substring(0, at) + c + good.substring(at);
                assertThatThrownBy(() -> Target.parse(url)).as("U+%04X at %d", (int) c, at).isInstanceOf(BadUrl.class);
            }
        }
    }
}
