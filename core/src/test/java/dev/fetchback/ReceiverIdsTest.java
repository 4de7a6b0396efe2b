package dev.fetchback;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class ReceiverIdsTest {
    private final AtomicInteger computed = new AtomicInteger();
    private final ReceiverIds ids = new ReceiverIds(url -> {
        computed.incrementAndGet();
        return "id of " + url;
    });

    @Test
    void oneThatIsNamedOftenIsRememberedHoweverManyAreNamedOnce() {
        int once = 10 * ReceiverIds.MAX;
        for (int i = 0; i < once; i++) {
            assertThat(ids.of("https://a.example/?" + i)).isEqualTo("id of https://a.example/?" + i);
            assertThat(ids.of("https://b.example/")).isEqualTo("id of https://b.example/");
        }
        assertThat(computed.get() - once).as("computed for the one").isLessThan(20);
    }
}
