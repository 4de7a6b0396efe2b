package dev.fetchback.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class ShardsTest {
    @Test
    void whatRedirectsToEachOtherIsInOneShard() {
        int shard = Shards.ofHost("example.com:443");
        assertThat(Shards.ofHost("example.com:80")).isEqualTo(shard);
        assertThat(Shards.ofHost("www.example.com:80")).isEqualTo(shard);
        assertThat(Shards.ofHost("www.example.com:443")).isEqualTo(shard);
        assertThat(Shards.ofHost("[2001:db8::1]:80")).isEqualTo(Shards.ofHost("[2001:db8::1]:443"));
    }

    @Test
    void whatIsElsewhereIsSpread() {
        assertThat(IntStream.range(8_000, 9_000).map(port -> Shards.ofHost("127.0.0.1:" + port)).distinct().count()).isEqualTo(Shards.COUNT);
        assertThat(IntStream.range(0, 1_000).map(i -> Shards.ofHost("www.h" + i + ".example:443")).distinct().count()).isEqualTo(Shards.COUNT);
    }
}
