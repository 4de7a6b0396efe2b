package dev.fetchback.server.intake;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Loopback without tokens: what pages of other sites could make a browser send is refused. */
class GuardTest {
    private static final String URL = "{\"url\":\"https://example.com/\"}";

    private Api api;

    @BeforeEach
    void open() throws Exception {
        api = Api.open(Tokens.none(), s -> Api.publicUrl(s, "https://fb.example:8443"));
    }

    @AfterEach
    void close() {
        api.close();
    }

    private String status(String head) throws Exception {
        try (RawClient client = api.raw()) {
            return client.send(head.replace("PORT", Integer.toString(api.port()))).answer().substring(9, 12);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                    "localhost:PORT",
                    "LocalHost:PORT",
                    "127.0.0.1:PORT",
                    "[::1]:PORT",
                    "fb.example",
                    "fb.example:8443",
                    "alias.example:1"})
    void ownHostsAreServed(String host) throws Exception {
        assertThat(status("GET /v1/tasks HTTP/1.1\r\nHost: " + host + "\r\n\r\n")).isEqualTo("200");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                    "evil.example",
                    "evil.example:PORT",
                    "localhost",
                    "localhost:1",
                    "127.0.0.1",
                    "127.0.0.2:PORT",
                    "localhost.evil.example:PORT",
                    "[::2]:PORT"})
    void otherHostsAreNot(String host) throws Exception {
        assertThat(status("GET /v1/tasks HTTP/1.1\r\nHost: " + host + "\r\n\r\n")).isEqualTo("421");
        assertThat(status("GET /health/ready HTTP/1.1\r\nHost: " + host + "\r\n\r\n")).isEqualTo("200");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Sec-Fetch-Site: cross-site|403",
                "Sec-Fetch-Site: same-site|403",
                "Sec-Fetch-Site: same-origin|202",
                "Sec-Fetch-Site: none|202",
                "Origin: https://evil.example|403",
                "Origin: null|403",
                "Origin: http://localhost:1|403",
                "Origin: http://localhost:PORT|202",
                "Origin: https://fb.example:8443|202",
                "X-A: b|202"
            })
    void onlyOwnPagesMayChangeThings(String header, String status) throws Exception {
        String head = "POST /v1/tasks HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: " + URL.length() + "\r\n" + header
                + "\r\n\r\n";
        assertThat(status(head + URL)).isEqualTo(status);
        assertThat(status("GET /v1/tasks HTTP/1.1\r\nHost: localhost:PORT\r\n" + header + "\r\n\r\n")).isEqualTo("200");
        assertThat(status("DELETE /v1/tasks/x HTTP/1.1\r\nHost: localhost:PORT\r\n" + header + "\r\n\r\n"))
                .isEqualTo(status.equals("403") ? "403" : "404");
    }

    @Test
    void withTokensTheTokenDecides() throws Exception {
        try (Api closed = Api.open(Tokens.parse("ann:0123456789abcdef", "test"), s -> s);
                RawClient client = closed.raw()) {
            client.send("GET /v1/tasks HTTP/1.1\r\nHost: any.example\r\nAuthorization: Bearer 0123456789abcdef\r\n\r\n");
            assertThat(client.answer()).startsWith("HTTP/1.1 200");
        }
    }
}
