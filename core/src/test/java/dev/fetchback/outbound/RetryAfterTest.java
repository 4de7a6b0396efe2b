package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class RetryAfterTest {
    /** Sun, 22 Nov 2026 12:00:00 GMT. */
    private static final long NOW = 1_795_348_800_000L;

    private static final Duration CAP = Duration.ofHours(1);

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            1                                     | 1000
            120                                   | 120000
            ' 120 '                               | 120000
            Sun, 22 Nov 2026 12:00:30 GMT         | 30000
            Sunday, 22-Nov-26 12:00:30 GMT        | 30000
            Sun Nov 22 12:00:30 2026              | 30000
            Tue Dec  1 12:00:30 2026              | 3600000
            3601                                  | 3600000
            99999999999999999999999               | 3600000
            Fri, 31 Dec 9999 23:59:59 GMT         | 3600000
            """)
    void readsSecondsAndDatesUpToTheCap(String value, long wait) {
        assertThat(RetryAfter.until(value, NOW, CAP)).isEqualTo(NOW + wait);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {
        "", " ", "0", "-1", "-5", "1.5", "soon", "\u0661", "120, 30", "Sun, 22 Nov 2026 11:59:30 GMT",
        "Mon, 22 Nov 2026 12:00:30 GMT", "2026-11-22T12:00:30Z"
    })
    void takesNothingElse(String value) {
        assertThat(RetryAfter.until(value, NOW, CAP)).isZero();
    }
}
