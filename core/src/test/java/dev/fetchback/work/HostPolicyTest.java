package dev.fetchback.work;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class HostPolicyTest {
    @Test
    void nodesShareThePlacesAtAnAddress() {
        assertThat(places(2, 8, 1)).isEqualTo(8);
        assertThat(places(2, 8, 2)).isEqualTo(4);
        assertThat(places(2, 8, 3)).as("three nodes together no more than eight").isEqualTo(2);
        assertThat(places(2, 8, 9)).as("one host alone there loses none").isEqualTo(2);
        assertThat(places(16, 8, 4)).isEqualTo(8);
        assertThat(places(2, 0, 4)).as("no limit").isZero();
    }

    private static int places(int concurrency, int perAddress, int nodes) {
        HostPolicy policy = new HostPolicy(concurrency, Duration.ZERO, perAddress, null).sharedBy(nodes);
        assertThat(policy.concurrency()).isEqualTo(concurrency);
        return policy.perAddress();
    }
}
