package dev.fetchback.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.work.Body;
import dev.fetchback.work.ByteBudget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BodyStoreTest {
    @TempDir
    private Path directory;

    private long files() throws IOException {
        try (var all = Files.list(directory)) {
            return all.count();
        }
    }

    private static byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        new Random(count).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @CsvSource({
        "0, -1, 1000000", "1, -1, 1000000", "8192, -1, 1000000", "8193, -1, 1000000", "500000, -1, 1000000",
        "500000, 500000, 1000000",
        "500000, 10, 1000000", "10, 500000, 1000000", "500000, -1, 0", "500000, -1, 20000", "500000, 500000, 300000", "1, -1, 0"
    })
    void givesBackWhatWasWrittenAndThenItsMemoryOrFile(int length, long expected, long max) throws IOException {
        ByteBudget budget = new ByteBudget(max);
        BodyStore.Writer writer = new BodyStore(budget, directory).writer();
        writer.expect(expected);
        byte[] content = bytes(length);
        for (int at = 0; at < length; at += 7_000) {
            writer.write(content, at, Math.min(7_000, length - at));
        }
        assertThat(writer.length()).isEqualTo(length);
        Body body = writer.take();
        writer.abandon();
        assertThat(body.length()).isEqualTo(length);
        assertThat(body.bytes()).isEqualTo(content);
        for (int i = 0; i < 2; i++) {
            try (var in = body.open()) {
                assertThat(in.readAllBytes()).isEqualTo(content);
            }
        }
        assertThat(budget.used()).isBetween(0L, max);
        assertThat(files() == 1).as("on disk").isEqualTo(length > max);
        body.close();
        body.close();
        assertThat(budget.used()).isZero();
        assertThat(files()).isZero();
    }

    @Test
    void givesBackWhatNobodyTook() throws IOException {
        for (long max : new long[] {0, 1_000_000}) {
            ByteBudget budget = new ByteBudget(max);
            BodyStore.Writer writer = new BodyStore(budget, directory).writer();
            writer.write(bytes(50_000), 0, 50_000);
            assertThat(budget.used() > 0 || files() > 0).isTrue();
            writer.abandon();
            writer.abandon();
            assertThat(budget.used()).isZero();
            assertThat(files()).isZero();
        }
    }

    @Test
    void reservesNoMoreThanABitOnAServersWord() throws IOException {
        ByteBudget budget = new ByteBudget(Long.MAX_VALUE / 2);
        BodyStore.Writer writer = new BodyStore(budget, directory).writer();
        writer.expect(1L << 40);
        writer.write(new byte[1], 0, 1);
        assertThat(budget.used()).isLessThanOrEqualTo(256 * 1024);
        writer.abandon();
    }

    @Test
    void deletesWhatAnEarlierRunLeftAndNothingElse() throws IOException {
        Files.write(directory.resolve("page-1.tmp"), new byte[10]);
        Files.write(directory.resolve("other.txt"), new byte[10]);
        BodyStore store = new BodyStore(new ByteBudget(0), directory);
        store.deleteLeftovers();
        assertThat(directory.toFile().list()).containsExactly("other.txt");
        assertThatThrownBy(() -> new BodyStore(new ByteBudget(0), directory.resolve("missing")).deleteLeftovers())
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("missing");
        assertThat(Arrays.asList(directory.toFile().list())).hasSize(1);
    }
}
