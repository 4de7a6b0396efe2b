package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class HostPatternTest {
    @ParameterizedTest
    @CsvSource(delimiter = ' ', value = {
        "example.com http://example.com/ true",
        "example.com https://EXAMPLE.com./ true",
        "example.com http://example.com:8080/ true",
        "example.com http://www.example.com/ false",
        "example.com http://example.com.evil.test/ false",
        "example.com:80 http://example.com/ true",
        "example.com:80 http://example.com:8080/ false",
        "example.com:443 https://example.com/ true",
        "*.example.com http://a.b.example.com/ true",
        "*.example.com http://example.com/ false",
        "*.example.com http://badexample.com/ false",
        "*.example.com:8443 https://a.example.com:8443/ true",
        "*.example.com:8443 https://a.example.com/ false",
        "*.bücher.example http://shop.xn--bcher-kva.example/ true",
        "*.XN--bcher-kva.example http://shop.BÜCHER.example/ true",
        "0x7f.1 http://127.0.0.1/ true",
        "127.0.0.1:8080 http://127.0.0.1/ false",
        "[::1] http://[0:0::1]:99/ true",
        "[::1]:81 http://[::1]:81/ true",
        "[::1]:81 http://[::1]/ false",
        "* http://anything.example/ true",
        "*:8080 http://anything.example:8080/ true",
        "*:8080 http://anything.example/ false",
    })
    void meansTheHostsThatItSays(String pattern, String url, boolean means) throws BadUrl {
        assertThat(HostPattern.parse(pattern).matches(Target.parse(url).hostPort())).isEqualTo(means);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ' ', value = {
        "*.example.com a.example.com true", "*.example.com *.a.example.com true", "*.example.com *.example.com true",
        "*.example.com example.com false", "*.a.example.com *.example.com false", "a.example.com *.example.com false",
        "example.com example.com:80 true", "example.com:80 example.com false", "example.com:80 example.com:80 true",
        "* [::1]:8080 true", "*:80 a.example false", "*:80 *.example:80 true", "example.com EXAMPLE.COM. true",
    })
    void coversWhatItMeansAllOf(String wide, String narrow, boolean covers) {
        assertThat(HostPattern.parse(wide).covers(HostPattern.parse(narrow))).isEqualTo(covers);
    }

    @ParameterizedTest
    @CsvSource({
        "'',no host", "*.,no host", "**.example.com,only letters", "a.*.example.com,only letters", "example.com:,1 to 65535",
        "example.com:0,browsers block", "example.com:65536,1 to 65535", "example.com:http,1 to 65535", "example.com:25,browsers block",
        "http://example.com,without scheme and path", "example.com/x,without scheme and path", "::1,write [::1]", "1.2.3.4.5,IPv4", "256.1.1.1,too large", "*.10.0.0.1,no names under",
        "[::1,ends with", "a..example,empty label", "user@example.com,only letters", "10.0.0.0/8,without scheme and path", "*.onion,never asked for", "a.i2p:80,never asked for",
    })
    void refusesWhatNoHostCanMatch(String pattern, String why) {
        assertThatThrownBy(() -> HostPattern.parse(pattern)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(why);
    }

    @Test
    void doesNotShowAWholePage() {
        assertThatThrownBy(() -> HostPattern.parse("x".repeat(100_000))).isInstanceOf(IllegalArgumentException.class)
                .extracting(e -> e.getMessage().length()).isEqualTo("a host pattern is longer than 1024 characters".length());
    }
}
