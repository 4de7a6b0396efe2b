package dev.fetchback.deliver;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class RetryAfterTest {
    private static final long NOW = Instant.parse("2026-11-22T15:00:00Z").toEpochMilli();

    @Test
    void readsSeconds() {
        assertThat(RetryAfter.read(" 120 ", NOW)).isEqualTo(OptionalLong.of(NOW + 120_000));
        assertThat(RetryAfter.read("99999999999999999999", NOW)).isEqualTo(OptionalLong.of(NOW + 999_999_999_000L));
    }

    @Test
    void readsDates() {
        assertThat(RetryAfter.read("Sun, 22 Nov 2026 15:01:00 GMT", NOW)).isEqualTo(OptionalLong.of(NOW + 60_000));
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {
        "", " ", "0", "-1", "1.5", "soon", "\u0661", "Sun, 22 Nov 2026 14:59:00 GMT", "Mon, 22 Nov 2026 15:01:00 GMT"
    })
    void takesNothingElse(String value) {
        assertThat(RetryAfter.read(value, NOW)).isEmpty();
    }
}
