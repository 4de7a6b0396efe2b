package dev.fetchback.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RetryAfterTest {
    /** Sun, 22 Nov 2026 12:00:00 GMT. */
    private static final long NOW = 1_795_348_800_000L;

    private static final long YEAR = 365L * 24 * 3600 * 1000;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            0                                     | 0
            1                                     | 1000
            120                                   | 120000
            -5                                    | none
            1.5                                   | none
            soon                                  | none
            ''                                    | none
            Sun, 22 Nov 2026 12:00:30 GMT         | 30000
            Sun, 22 Nov 2026 11:59:30 GMT         | none
            Mon, 22 Nov 2026 12:00:30 GMT         | none
            2026-11-22T12:00:30Z                  | none
            """)
    void readsSecondsAndDates(String value, String wait) {
        long expected = wait.equals("none") || wait.equals("0") ? 0 : NOW + Long.parseLong(wait);
        assertThat(RetryAfter.notBefore(value, NOW)).isEqualTo(expected);
    }

    @Test
    void neverWaitsForEver() {
        assertThat(RetryAfter.notBefore("999999999999999999999999", NOW)).isEqualTo(NOW + YEAR);
        assertThat(RetryAfter.notBefore("Fri, 31 Dec 9999 23:59:59 GMT", NOW)).isEqualTo(NOW + YEAR);
        assertThat(RetryAfter.notBefore(null, NOW)).isZero();
    }
}
