package dev.fetchback.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.outbound.HostPattern;
import dev.fetchback.work.HostPolicy;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class PolicyTableTest {
    private static HostPolicy policy(int concurrency) {
        return new HostPolicy(concurrency, Duration.ZERO, 8, null);
    }

    private static PolicyTable.Rule rule(int concurrency, String... hosts) {
        return new PolicyTable.Rule(Arrays.stream(hosts).map(HostPattern::parse).toList(), policy(concurrency));
    }

    @Test
    void theFirstThatMatchesCounts() {
        PolicyTable table = new PolicyTable(policy(2), List.of(
                rule(10, "api.example.com", "intranet:8080"), rule(20, "*.example.com"), rule(30, "*:8080")));
        assertThat(table.of("api.example.com:443").concurrency()).isEqualTo(10);
        assertThat(table.of("www.example.com:8080").concurrency()).isEqualTo(20);
        assertThat(table.of("intranet:8080").concurrency()).isEqualTo(10);
        assertThat(table.of("other:8080").concurrency()).isEqualTo(30);
        assertThat(table.of("intranet:80").concurrency()).as("named by none").isEqualTo(2);
    }

    @Test
    void aPatternThatNothingCanReachIsRefused() {
        assertThatThrownBy(() -> new PolicyTable(policy(2), List.of(rule(10, "*.example.com"), rule(20, "a.example.com:80"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'a.example.com:80' is never reached, as '*.example.com' before it");
        assertThatThrownBy(() -> new PolicyTable(policy(2), List.of(rule(10, "a.example", "A.example"))))
                .hasMessageContaining("'A.example' is never reached");
    }
}
