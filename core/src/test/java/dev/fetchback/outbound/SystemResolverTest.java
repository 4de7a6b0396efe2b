package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SystemResolverTest {
    private static final long WAIT = TimeUnit.SECONDS.toNanos(5);

    private final AtomicLong now = new AtomicLong();
    private final AtomicInteger asked = new AtomicInteger();

    private InetAddress[] answer(String host) throws UnknownHostException {
        asked.incrementAndGet();
        if (host.startsWith("no")) {
            throw new UnknownHostException(host);
        }
        return new InetAddress[] {InetAddress.ofLiteral("192.0.2.1"), InetAddress.ofLiteral("2001:db8::1")};
    }

    @Test
    void keepsAnswersForAWhile() throws Exception {
        try (SystemResolver resolver = new SystemResolver(this::answer, now::get)) {
            assertThat(resolver.resolve("a.test", WAIT).addresses()).hasSize(2);
            now.addAndGet(SystemResolver.KEEP.toNanos() - 1);
            resolver.resolve("a.test", WAIT);
            assertThat(asked).hasValue(1);
            now.addAndGet(1);
            resolver.resolve("a.test", WAIT);
            assertThat(asked).hasValue(2);
        }
    }

    @Test
    void keepsFailuresShorter() throws Exception {
        try (SystemResolver resolver = new SystemResolver(this::answer, now::get)) {
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> resolver.resolve("no.test", WAIT))
                        .isInstanceOf(UnknownHostException.class)
                        .hasMessageContaining("no.test");
            }
            assertThat(asked).hasValue(1);
            now.addAndGet(NameCache.KEEP_FAILURE_NANOS);
            assertThatThrownBy(() -> resolver.resolve("no.test", WAIT)).isInstanceOf(UnknownHostException.class);
            assertThat(asked).hasValue(2);
        }
    }

    @Test
    void sharesALookupAndGivesUpWaitingInTime() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        SystemResolver.Lookup slow = host -> {
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new UnknownHostException(host);
            }
            return answer(host);
        };
        try (SystemResolver resolver = new SystemResolver(slow, now::get)) {
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> resolver.resolve("a.test", TimeUnit.MILLISECONDS.toNanos(20)))
                        .hasMessageContaining("in time");
            }
            go.countDown();
            assertThat(resolver.resolve("a.test", WAIT).addresses()).hasSize(2);
            assertThat(asked).hasValue(1);
        }
    }

    @Test
    void staysSmall() throws Exception {
        try (SystemResolver resolver = new SystemResolver(this::answer, now::get)) {
            for (int i = 0; i < NameCache.ENTRIES_MAX + 2_000; i++) {
                resolver.resolve("h" + i + ".test", WAIT);
                if (i % 1000 == 0) {
                    assertThat(resolver.entries()).isLessThanOrEqualTo(NameCache.ENTRIES_MAX + 1);
                }
            }
            assertThat(resolver.entries()).isBetween(NameCache.ENTRIES_MAX / 2, NameCache.ENTRIES_MAX + 1);
        }
    }

    @Test
    void asksTheSystem() throws Exception {
        try (SystemResolver resolver = new SystemResolver()) {
            assertThat(resolver.resolve("localhost", WAIT).addresses()).allMatch(InetAddress::isLoopbackAddress).isNotEmpty();
        }
    }
}
