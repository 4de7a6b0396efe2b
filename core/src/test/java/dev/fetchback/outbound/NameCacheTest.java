package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class NameCacheTest {
    private static final Resolved FOUND = Resolved.of(InetAddress.ofLiteral("192.0.2.1"));

    private final AtomicLong now = new AtomicLong();

    @Test
    void refusesNamesBeyondItsBoundWhenNoneWasAnsweredYet() throws Exception {
        AtomicInteger begun = new AtomicInteger();
        NameCache cache = new NameCache(host -> FOUND, _ -> begun.incrementAndGet(), now::get); // a look-up that never ends
        for (int i = 0; i < NameCache.ENTRIES_MAX; i++) {
            String host = "n" + i + ".test";
            assertThatThrownBy(() -> cache.get(host, 1)).hasMessageContaining("in time");
        }
        assertThatThrownBy(() -> cache.get("more.test", 1))
                .isInstanceOf(UnknownHostException.class).hasMessage("too many names are being resolved");
        assertThat(begun).hasValue(NameCache.ENTRIES_MAX);
        assertThat(cache.entries()).isEqualTo(NameCache.ENTRIES_MAX);
    }

    @Test
    void asksAgainAfterALookupThatBroke() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        NameCache cache = new NameCache(
                host -> {
                    if (asked.incrementAndGet() == 1) {
                        throw new NoClassDefFoundError("broken");
                    }
                    return FOUND;
                },
                task -> {
                    try {
                        task.run();
                    } catch (NoClassDefFoundError e) {
                        // as a thread ends by it
                    }
                },
                now::get);
        assertThatThrownBy(() -> cache.get("a.test", 1)).hasMessage("the name a.test could not be resolved");
        now.addAndGet(NameCache.KEEP_FAILURE_NANOS);
        assertThat(cache.get("a.test", TimeUnit.SECONDS.toNanos(1))).isEqualTo(FOUND);
    }
}
