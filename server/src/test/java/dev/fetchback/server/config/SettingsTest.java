package dev.fetchback.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SettingsTest {
    private static final Path DOCUMENT = Path.of("..", "docs", "configuration.md");

    /** The tables as the document must hold them. */
    private static List<String> tables() {
        List<String> lines = new ArrayList<>();
        String group = "";
        for (Setting<?> setting : Settings.ALL) {
            if (!setting.group().equals(group)) {
                group = setting.group();
                lines.add("### " + group);
                lines.add("| setting | default | allowed | what it does |");
            }
            String name = setting.secret() ? "`" + setting.variable() + "` (environment only)" : "`" + setting.name() + "`";
            String fallback = setting.fallback() == null ? "" : "`" + setting.fallback() + "`";
            lines.add("| " + name + " | " + fallback + " | " + setting.kind().allowed().replace("|", "\\|") + " | "
                    + setting.about() + " |");
        }
        return lines;
    }

    @Test
    void theDocumentHoldsTheTableBothWays() throws IOException {
        try (Stream<String> lines = Files.lines(DOCUMENT)) {
            List<String> found = lines.filter(line -> line.startsWith("### ") || line.startsWith("| ")).toList();
            assertThat(found).as("docs/configuration.md must hold exactly these lines:\n" + String.join("\n", tables()))
                    .isEqualTo(tables());
        }
    }

    @Test
    void namesAreUniqueAndInOneStyle() {
        assertThat(Settings.ALL).extracting(Setting::name).doesNotHaveDuplicates()
                .allMatch(name -> name.matches("[a-z]+(-[a-z]+)*"));
        assertThat(Settings.ALL).extracting(Setting::variable).doesNotContainAnyElementsOf(Environment.OTHERS);
        assertThat(Settings.ALL).extracting(Setting::about).allMatch(about -> about.endsWith("."));
        assertThat(Settings.FETCH_PER_HOST_GAP.variable()).isEqualTo("FETCHBACK_FETCH_PER_HOST_GAP");
    }

    @Test
    void everythingDesignNamesIsThere() {
        assertThat(Settings.ALL).extracting(Setting::flag).contains(
                "--host", "--port", "--data-dir", "--node-name", "--store", "--deliver-to", "--public-url",
                        "--fetch-allow-networks",
                "--deliver-allow-networks", "--fetch-concurrency", "--fetch-per-host-concurrency", "--fetch-per-host-gap",
                "--fetch-deny-networks", "--deliver-deny-networks", "--dns-servers",
                "--fetch-per-address-concurrency", "--fetch-robots", "--api-token-file", "--insecure", "--drain", "--log");
    }
}
