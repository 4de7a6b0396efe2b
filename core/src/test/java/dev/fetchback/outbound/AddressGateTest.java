package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
final class AddressGateTest {
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();
    private static final long LONG = TimeUnit.SECONDS.toNanos(20);

    private final AddressGate gate = new AddressGate(2);
    private final List<InetAddress> freed = new ArrayList<>();

    @BeforeEach
    void listen() {
        gate.listen(freed::add);
    }

    @Test
    void letsAsManyInAsEachOneAsking() {
        assertThat(gate.tryEnter(HERE, 2)).isTrue();
        assertThat(gate.tryEnter(HERE, 2)).isTrue();
        assertThat(gate.tryEnter(HERE, 2)).isFalse();
        assertThat(gate.free(HERE, 2)).isFalse();
        assertThat(gate.free(HERE, 3)).isTrue();
        assertThat(gate.tryEnter(HERE, 3)).as("whose own limit is wider").isTrue();
        assertThat(gate.take(HERE, 0)).as("who has none").isTrue();
    }

    @Test
    void tellsOnceForEachRefusalAndKeepsThePlaceFromNewcomers() {
        gate.tryEnter(HERE, 1);
        assertThat(gate.take(HERE, 1)).isFalse();
        assertThat(gate.take(HERE, 1)).isFalse();
        gate.leave(HERE);
        assertThat(freed).containsExactly(HERE);
        assertThat(gate.take(HERE, 1)).isTrue();
        assertThat(gate.take(HERE, 1)).isFalse();
        gate.tryEnter(HERE, 2);
        gate.leave(HERE);
        assertThat(freed).hasSize(2);
    }

    @Test
    void forgetsAddressesThatNobodyUses() {
        gate.tryEnter(HERE, 1);
        gate.take(HERE, 1);
        gate.leave(HERE);
        assertThat(gate.addresses()).isZero();
        assertThat(gate.free(HERE, 1)).isTrue();
        assertThatThrownBy(() -> gate.leave(HERE)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whoWaitsGoesInBeforeWhoeverListens() throws Exception {
        gate.tryEnter(HERE, 1);
        gate.take(HERE, 1);
        CompletableFuture<Boolean> waiter = CompletableFuture.supplyAsync(() -> enter(LONG), Thread::startVirtualThread);
        while (gate.line(HERE) == 0) {
            Thread.onSpinWait();
        }
        gate.leave(HERE);
        assertThat(waiter.get()).isTrue();
        assertThat(freed).isEmpty();
        gate.leave(HERE);
        assertThat(freed).containsExactly(HERE);
    }

    @Test
    void whoWaitedInVainLeavesNothingBehind() {
        gate.tryEnter(HERE, 1);
        assertThat(enter(1)).isFalse();
        assertThat(gate.line(HERE)).isZero();
        gate.leave(HERE);
        assertThat(gate.addresses()).isZero();
    }

    @Test
    void zeroIsNoLimitForAnybody() {
        AddressGate open = new AddressGate(0);
        for (int i = 0; i < 100; i++) {
            assertThat(open.take(HERE, 1)).isTrue();
        }
        open.leave(HERE);
        assertThat(open.addresses()).isZero();
    }

    private boolean enter(long nanos) {
        try {
            return gate.enter(HERE, 1, nanos);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
