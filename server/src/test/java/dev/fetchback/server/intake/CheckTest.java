package dev.fetchback.server.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.outbound.Kind;
import dev.fetchback.outbound.Resolved;
import dev.fetchback.outbound.Rule;
import dev.fetchback.outbound.Target;
import dev.fetchback.outbound.Vetting;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CheckTest {
    private static final InetAddress ADDRESS = InetAddress.ofLiteral("192.0.2.1");

    @Test
    void writesWhatTheGuardSays() throws Exception {
        List<String> asked = new ArrayList<>();
        try (Api api = Api.open()) {
            Target target = Target.parse("https://a.example/");
            api.guard = (url, stage) -> {
                asked.add(stage + " " + url);
                Rule rule = new Rule(Rule.Ground.SPECIAL, "192.0.2.0/24");
                return new Vetting(
                        target, Vetting.Source.DNS,
                        new Resolved(List.of(ADDRESS), List.of("b.example"), Duration.ofSeconds(60)),
                        List.of(new Vetting.Finding(ADDRESS, rule)),
                        new Vetting.Refusal(Kind.BLOCKED_ADDRESS, rule, "because"));
            };
            String body = api.post("/v1/check", "{\"url\":\"https://a.example/\",\"for\":\"deliver\"}").body();
            assertThat(body).isEqualTo("{\"url\":\"https://a.example/\",\"for\":\"deliver\",\"allowed\":false,"
                    + "\"code\":\"blocked_address\",\"reason\":\"because\",\"rule\":\"special\",\"entry\":\"192.0.2.0/24\","
                    + "\"hint\":\"To allow it, add 192.0.2.1/32:443 to deliver-allow-networks.\","
                    + "\"target\":{\"scheme\":\"https\",\"host\":\"a.example\",\"port\":443,\"path\":\"/\"},\"source\":\"dns\","
                    + "\"aliases\":[\"b.example\"],\"ttl_seconds\":60,"
                    + "\"addresses\":[{\"address\":\"192.0.2.1\",\"allowed\":false,"
                    + "\"rule\":\"special\",\"entry\":\"192.0.2.0/24\"}]}");
            assertThat(api.post("/v1/check", "{\"url\":\"https://a.example/\"}").statusCode()).isEqualTo(200);
            assertThat(asked).containsExactly("DELIVER https://a.example/", "FETCH https://a.example/");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {}                                        | missing_field
            []                                        | wrong_type
            {"url":7}                                 | wrong_type
            {"url":"http://a/","for":"eat"}           | invalid_value
            {"url":"http://a/","url":"http://a/"}     | duplicate_key
            {"url":"http://a/","method":"GET"}        | unknown_field
            {"url":"ftp://a/"}                        | invalid_url
            {"url":"http://a/"} x                     | trailing_text
            {"url"                                    | malformed_json
            """)
    void refusesOtherRequests(String json, String code) throws Exception {
        try (Api api = Api.open()) {
            assertThat(Json.text(api.post("/v1/check", json).body(), "/code")).isEqualTo(code);
            assertThat(Json.text(api.send("GET", "/v1/check", null).body(), "/code")).isEqualTo("method_not_allowed");
        }
    }
}
