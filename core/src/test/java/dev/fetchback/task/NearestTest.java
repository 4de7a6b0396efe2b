package dev.fetchback.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class NearestTest {
    @Test
    void findsWhatWasMeantAndNothingFarOff() {
        assertThat(Nearest.to("prot", Stream.of("port", "host"))).contains("port");
        assertThat(Nearest.to("fetch-concurency", Stream.of("fetch-concurrency", "deliver-concurrency")))
                .contains("fetch-concurrency");
        assertThat(Nearest.to("colour", Stream.of("port", "host"))).isEmpty();
        assertThat(Nearest.to("x".repeat(5000), Stream.of("port"))).isEmpty();
    }
}
