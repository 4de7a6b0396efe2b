package dev.fetchback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** What is refused before it is stored: the bounds of the HTTP API hold for tasks of the own process too. */
class FetchTest {
    private final Fetch fetch = Fetch.of("https://example.com/");

    @Test
    void labels_are_bounded() {
        assertThatThrownBy(() -> fetch.label("")).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the label has 0 characters; it must have 1 to 64");
        assertThatThrownBy(() -> fetch.label("x".repeat(65))).hasMessage("the label has 65 characters; it must have 1 to 64");
        for (int i = 0; i < 16; i++) {
            fetch.label("x".repeat(64));
        }
        assertThatThrownBy(() -> fetch.label("one more")).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a task has at most 16 labels");
        assertThat(fetch.submission(false, 0).spec().tags().labels()).hasSize(16);
    }

    @Test
    void metadata_is_bounded_in_entries() {
        for (int i = 0; i < 64; i++) {
            fetch.metadata("name" + i, "");
        }
        fetch.metadata("name0", "another value in its place");
        assertThatThrownBy(() -> fetch.metadata("one more", "")).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a task has at most 64 entries of metadata");
        assertThat(fetch.submission(false, 0).spec().tags().metadata()).hasSize(64).doesNotContainKey("one more");
    }

    @Test
    void metadata_is_bounded_in_bytes() {
        fetch.metadata("n", "é".repeat(4095)).metadata("m", "");
        assertThatThrownBy(() -> fetch.metadata("m", "x")).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("with 'm' the metadata has 8193 bytes; it may have 8192");
        fetch.metadata("n", "short").metadata("m", "x".repeat(8000));
        assertThat(fetch.submission(false, 0).spec().tags().metadata()).containsEntry("n", "short");
    }
}
