package dev.fetchback.deliver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.task.TaskId;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinkSignerTest {
    private static final long EXPIRES = 1_800_000_000L;
    private static final long BEFORE = EXPIRES * 1000 - 1;

    @TempDir
    Path folder;

    @Test
    void aLinkIsValidUntilItExpires() throws IOException {
        LinkSigner links = open();
        String signature = signature(links.sign(Pages.ID, EXPIRES));
        assertThat(links.valid(Pages.ID, EXPIRES, signature, BEFORE)).isTrue();
        assertThat(links.valid(Pages.ID, EXPIRES, signature, EXPIRES * 1000)).isFalse();
    }

    @Test
    void nothingOfALinkCanBeChanged() throws IOException {
        LinkSigner links = open();
        String signature = signature(links.sign(Pages.ID, EXPIRES));
        assertThat(links.valid(new TaskId(Pages.ID.high(), Pages.ID.low() + 1), EXPIRES, signature, BEFORE)).isFalse();
        assertThat(links.valid(Pages.ID, EXPIRES + 1, signature, BEFORE)).isFalse();
        assertThat(links.valid(Pages.ID, EXPIRES, signature.substring(1), BEFORE)).isFalse();
        assertThat(links.valid(Pages.ID, EXPIRES, signature + "=", BEFORE)).isFalse();
        assertThat(links.valid(Pages.ID, EXPIRES, "", BEFORE)).isFalse();
        assertThat(new LinkSigner(new byte[32], "http://x").valid(Pages.ID, EXPIRES, signature, BEFORE)).isFalse();
    }

    @Test
    void aLinkLeadsToTheResultUnderThePublicUrl() throws IOException {
        URI link = URI.create(open().sign(Pages.ID, EXPIRES));
        assertThat(link.toString()).startsWith("https://fb.example/base/v1/tasks/" + Pages.ID + "/result?expires=");
        assertThat(link.getQuery()).matches("expires=1800000000&signature=[A-Za-z0-9_-]{43}");
    }

    @Test
    void theKeyStaysAndIsTheOwnersOnly() throws IOException {
        String link = open().sign(Pages.ID, EXPIRES);
        assertThat(LinkSigner.open(folder, "https://fb.example/base", new Random(2)).sign(Pages.ID, EXPIRES)).isEqualTo(link);
        Path file = folder.resolve(LinkSigner.KEY_FILE);
        assertThat(Files.size(file)).isEqualTo(32);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void aKeyThatWasCutShortIsMadeAgain() throws IOException {
        Files.write(folder.resolve(LinkSigner.KEY_FILE + ".new"), new byte[7]);
        assertThat(open().sign(Pages.ID, EXPIRES)).contains("signature=");
    }

    @Test
    void aDamagedKeyIsNamed() throws IOException {
        Path file = Files.write(folder.resolve(LinkSigner.KEY_FILE), new byte[7]);
        assertThatThrownBy(this::open)
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("has 7 bytes")
                .hasMessageContaining("remove it");
    }

    private LinkSigner open() throws IOException {
        return LinkSigner.open(folder, "https://fb.example/base/", new Random(1));
    }

    private static String signature(String link) {
        return link.substring(link.indexOf("signature=") + "signature=".length());
    }
}
