package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TargetTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            http://example.com                      | http://example.com/
            HTTP://EXAMPLE.com:80/A                 | http://example.com/A
            https://example.com:443/a?b#c           | https://example.com/a?b
            https://example.com:8443                | https://example.com:8443/
            http://example.com:00080/               | http://example.com/
            http://example.com:/x                   | http://example.com/x
            http://example.com.:8080/               | http://example.com:8080/
            http://example.com?q=1                  | http://example.com/?q=1
            http://example.com/?                    | http://example.com/?
            http://example.com#f                    | http://example.com/
            http://a_b.example.com/                 | http://a_b.example.com/
            http://-a.example.com/                  | http://-a.example.com/
            http://example.com/a/./b/../c           | http://example.com/a/c
            http://example.com/a/%2e%2E/b           | http://example.com/b
            http://example.com/../../a              | http://example.com/a
            http://example.com/a/..                 | http://example.com/
            http://example.com/a//..                | http://example.com/a/
            http://example.com/a/...                | http://example.com/a/...
            http://example.com/.a/b.                | http://example.com/.a/b.
            http://example.com/%2f%41               | http://example.com/%2f%41
            http://example.com/%0d%0a               | http://example.com/%0d%0a
            http://example.com/<a>"{`}^             | http://example.com/%3Ca%3E%22%7B%60%7D%5E
            http://example.com/a?<'>"{}             | http://example.com/a?%3C%27%3E%22{}
            http://example.com/?a=http://x@y        | http://example.com/?a=http://x@y
            http://example.com/a@b:c                | http://example.com/a@b:c
            http://example.com/ü?ä                  | http://example.com/%C3%BC?%C3%A4
            http://bücher.example/                  | http://xn--bcher-kva.example/
            http://%65xample.com/                   | http://example.com/
            http://127.1/                           | http://127.0.0.1/
            http://0x7f.1/                          | http://127.0.0.1/
            http://0177.0.0.1/                      | http://127.0.0.1/
            http://2130706433/                      | http://127.0.0.1/
            http://017700000001/                    | http://127.0.0.1/
            http://0x7f000001/                      | http://127.0.0.1/
            http://0/                               | http://0.0.0.0/
            http://0x/                              | http://0.0.0.0/
            http://1.1.1.1./                        | http://1.1.1.1/
            http://256/                             | http://0.0.1.0/
            http://10.0xffffff/                     | http://10.255.255.255/
            http://%31%32%37.0.0.1/                 | http://127.0.0.1/
            http://127。0。0。1/                     | http://127.0.0.1/
            http://①②⑦.0.0.1/                       | http://127.0.0.1/
            http://[::1]/                           | http://[::1]/
            http://[0:0:0:0:0:0:0:1]:8080/          | http://[::1]:8080/
            http://[2001:DB8:0:0:1:0:0:1]/          | http://[2001:db8::1:0:0:1]/
            http://[::]/                            | http://[::]/
            http://[1::]/                           | http://[1::]/
            """)
    void readsWhatBrowsersRead(String url, String canonical) throws BadUrl {
        assertThat(Target.parse(url)).hasToString(canonical);
        assertThat(Target.parse(canonical)).as("is stable").hasToString(canonical).isEqualTo(Target.parse(url));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            example.com                     | no scheme
            //example.com/                  | no scheme
            ftp://example.com/              | 'ftp'
            file:///etc/passwd              | 'file'
            javascript:alert(1)             | 'javascript'
            http:example.com                | two slashes
            http:/example.com               | two slashes
            http://                         | no host
            http:///x                       | no host
            http://:80/                     | no host
            http://user@example.com/        | user name or password
            http://user:pw@example.com/     | user name or password
            http://a@b@127.0.0.1/           | user name or password
            http://example.com\\@127.0.0.1/ | backslash
            http://example.com/a b          | a space
            http://exa mple.com/            | a space
            http://example.com/a~b          | U+0009
            http://example.com:65536/       | 65535
            http://example.com:99999999999/ | 65535
            http://example.com:8a/          | 65535
            http://example.com:-1/          | 65535
            http://example.com:80:80/       | 65535
            http://example.com:0/           | port 0
            http://example.com:25/          | port 25
            http://example.com:6667/        | port 6667
            http://example.com:10080/       | port 10080
            http://a..b/                    | empty label
            http://.a/                      | empty label
            http://a../                     | empty label
            http://./                       | characters
            http://exa%6/                   | hexadecimal
            http://exa%00mple.com/          | letters, digits
            http://exa%2Fmple.com/          | letters, digits
            http://127.0.0.1%00.x/          | letters, digits
            http://exa*mple.com/            | letters, digits
            http://%ff/                     | UTF-8
            http://256.256.256.256/         | too large
            http://4294967296/              | too large
            http://1.2.3.4.5/               | four numbers
            http://08.8.8.8/                | must be an IPv4 address
            http://foo.0x4/                 | must be an IPv4 address
            http://99999999999999999999/    | must be an IPv4 address
            http://9223372036854775809/     | must be an IPv4 address
            http://[::1/                    | ends with ']'
            http://[::1%25lo]/              | zone
            http://[1.2.3.4]/               | not an IPv6 address
            http://[:::1]/                  | not an IPv6 address
            http://[1:2:3:4:5:6:7]/         | not an IPv6 address
            http://[::1]x/                  | ends with ']'
            http://[::ffff:127.0.0.1]/      | write it as 127.0.0.1
            http://[0::FFFF:0808:0808]:81/  | write it as 8.8.8.8
            """)
    void refusesWhatCouldBeReadInTwoWays(String url, String reason) {
        assertThatThrownBy(() -> Target.parse(url.replace('~', '\t')))
                .as(url)
                .isInstanceOf(BadUrl.class)
                .hasMessageContaining(reason);
    }

    @Test
    void neverRepeatsAPassword() {
        assertThatThrownBy(() -> Target.parse("http://user:geheim@example.com/")).hasMessageNotContaining("geheim");
    }

    @Test
    void limitsTheLength() throws BadUrl {
        String base = "http://example.com/";
        Target.parse(base + "a".repeat(Target.LENGTH_MAX - base.length()));
        assertThatThrownBy(() -> Target.parse(base + "a".repeat(Target.LENGTH_MAX - base.length() + 1)))
                .hasMessageContaining("8193");
        assertThatThrownBy(() -> Target.parse(base + "ü".repeat(2000))).as("after encoding").hasMessageContaining("at most 8192");
        assertThatThrownBy(() -> Target.parse("http://" + "a".repeat(64) + ".com/")).hasMessageContaining("63");
        assertThatThrownBy(() -> Target.parse("http://" + "a.".repeat(130) + "com/")).hasMessageContaining("253");
    }

    @Test
    void refusesHalfASurrogatePair() {
        assertThatThrownBy(() -> Target.parse("http://example.com/" + (char) 0xd800)).hasMessageContaining("surrogate");
    }

    @Test
    void givesItsParts() throws BadUrl {
        Target plain = Target.parse("http://Example.com/a/b?c=d");
        assertThat(plain.scheme()).isEqualTo("http");
        assertThat(plain.asciiHost()).isEqualTo("example.com");
        assertThat(plain.port()).isEqualTo(80);
        assertThat(plain.pathQuery()).isEqualTo("/a/b?c=d");
        assertThat(plain.hostPort()).isEqualTo("example.com:80");
        assertThat(plain.authority()).isEqualTo("example.com");
        assertThat(plain.origin()).isEqualTo("http://example.com");
        assertThat(plain.endpoint()).isEqualTo("http://example.com/a/b");
        assertThat(plain.literal()).isNull();
        Target address = Target.parse("https://[::1]:8443/");
        assertThat(address.hostPort()).isEqualTo("[::1]:8443");
        assertThat(address.authority()).isEqualTo("[::1]:8443");
        assertThat(address.certificateName()).isEqualTo("::1");
        assertThat(address.literal()).isNotNull();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /x                     | https://h.example:8443/x
            x                      | https://h.example:8443/a/x
            ./x                    | https://h.example:8443/a/x
            ../x                   | https://h.example:8443/x
            ../../../x             | https://h.example:8443/x
            ?x                     | https://h.example:8443/a/b?x
            //other.example/x      | https://other.example/x
            http://other.example   | http://other.example/
            HTTPS://other.example  | https://other.example/
            x?y#z                  | https://h.example:8443/a/x?y
            /x y                   | https://h.example:8443/x%20y
            /x:y                   | https://h.example:8443/x:y
            //[::1]:99999999/      | BAD
            mailto:x@y             | BAD
            x:y                    | BAD
            javascript:alert(1)    | BAD
            /x\\y                  | BAD
            //u@other.example/     | BAD
            http:///x              | BAD
            //                     | BAD
            """)
    void resolvesLocations(String location, String expected) throws BadUrl {
        Target base = Target.parse("https://h.example:8443/a/b?q=1");
        if (expected.equals("BAD")) {
            assertThatThrownBy(() -> base.resolve(location)).isInstanceOf(BadUrl.class);
        } else {
            assertThat(base.resolve(location)).hasToString(expected);
        }
    }

    @Test
    void anEmptyLocationIsThePageItself() throws BadUrl {
        Target base = Target.parse("https://h.example/a?q=1");
        assertThat(base.resolve("")).isEqualTo(base);
        assertThat(base.resolve("#top")).isEqualTo(base);
    }

    @Test
    void readsTheBytesOfALocationAsUtf8OrKeepsThem() throws BadUrl {
        Target base = Target.parse("https://h.example/");
        assertThat(base.resolve("/\u00c3\u00bc")).hasToString("https://h.example/%C3%BC");
        assertThat(base.resolve("/\u00fc")).hasToString("https://h.example/%FC");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/a\rb", "/a\nb", "/a\u0000b", "/a\tb"})
    void refusesControlsInLocations(String location) throws BadUrl {
        Target base = Target.parse("https://h.example/");
        assertThatThrownBy(() -> base.resolve(location)).isInstanceOf(BadUrl.class);
    }
}
