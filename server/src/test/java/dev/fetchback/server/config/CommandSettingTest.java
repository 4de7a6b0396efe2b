package dev.fetchback.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fetchback.server.config.CommandSetting.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Settings that are mappings: commands, and where processors run. */
final class CommandSettingTest {
    @TempDir
    Path folder;

    private Config read(Map<String, String> environment, String... flags) throws ConfigException {
        return new ConfigReader(environment, folder).read(List.of(flags));
    }

    private String fault(String... flags) {
        ConfigException e = catchThrowableOfType(ConfigException.class, () -> read(Map.of(), flags));
        assertThat(e).as("it must be refused").isNotNull();
        assertThat(e.faults()).hasSize(1);
        return e.faults().getFirst().toString();
    }

    private void yaml(String text) throws IOException {
        Files.writeString(folder.resolve("fetchback.yaml"), text);
    }

    @Test
    void commandsAreGivenInTheFileOrInOneLine() throws Exception {
        yaml("""
                process:
                  timeout: 10s
                  commands:
                    words: wc -w
                    lines: [wc, -l]
                    ocr:
                      run: ["/opt/o c r/run", 'a "quoted" \\ word', "", "#1", yes]
                      timeout: 2m
                      max-output: 1MiB
                      result: text
                  isolation: {text: thread, mine: process}
                """);
        Config config = read(Map.of());
        List<CommandSetting> expected = List.of(
                new CommandSetting("words", List.of("wc", "-w"), null, null, Result.AUTO),
                new CommandSetting("lines", List.of("wc", "-l"), null, null, Result.AUTO),
                new CommandSetting("ocr", List.of("/opt/o c r/run", "a \"quoted\" \\ word", "", "#1", "yes"), Duration.ofMinutes(2),
                        1L << 20, Result.TEXT));
        assertThat(config.get(Settings.PROCESS_COMMANDS)).isEqualTo(expected);
        assertThat(config.source(Settings.PROCESS_COMMANDS)).isEqualTo("fetchback.yaml:3 process.commands");
        assertThat(config.get(Settings.PROCESS_TIMEOUT)).isEqualTo(Duration.ofSeconds(10));
        assertThat(config.get(Settings.PROCESS_ISOLATION))
                .isEqualTo(Map.of("text", Settings.Isolation.THREAD, "mine", Settings.Isolation.PROCESS));
        yaml("port: 1");
        String line = "{words: wc -w, lines: [wc, -l], ocr: {run: ['/opt/o c r/run', 'a \"quoted\" \\ word', '', '#1', yes], "
                + "timeout: 2m, max-output: 1MiB, result: text}}";
        assertThat(read(Map.of("FETCHBACK_PROCESS_COMMANDS", line)).get(Settings.PROCESS_COMMANDS)).isEqualTo(expected);
        assertThat(read(Map.of(), "--process-commands", line).get(Settings.PROCESS_COMMANDS)).isEqualTo(expected);
        assertThat(read(Map.of(), "--process-commands", line).toString()).contains("ocr: /opt/o c r/run").doesNotContain("quoted");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{a: {run: wc, timout: 1s}} | a: 'timout' is no key of a command; did you mean timeout?",
        "{a: {run: wc, shell: 1s}} | a: 'shell' is no key of a command; there are timeout, max-output, result, run",
        "{a: {timeout: 1s}} | a: it has no run",
        "{a: {run: wc, timeout: 1 parsec}} | a: timeout '1 parsec' is not a duration; allowed: 100ms to 1h",
        "{a: {run: wc, result: xml}} | a: result 'xml' is not one of the choices; allowed: auto or text or json",
        "{a: ''} | a: it names no program",
        "{a: []} | a: it names no program",
        "{a: [[wc]]} | a: it names no program",
        "{a: wc, a: wc} | 'a' is given twice",
        "[wc] | it is no mapping",
        "wc -w | it is no mapping",
        "{a: wc | it is not YAML",
        "{a: &x [*x]} | it is nested too deep",
    })
    void whatMeansNothingIsRefusedSayingWhy(String value, String why) {
        assertThat(fault("--process-commands", value)).startsWith("--process-commands: is not a mapping of commands (" + why)
                .contains("allowed: a YAML mapping of names");
    }

    @Test
    void allThatIsWrongIsToldAtOnceAndArgumentsAreNotShown() {
        assertThat(fault("--process-commands", "{a: {run: [curl, -u, geheim], x: 1}, b: '', c: {run: wc, timeout: 0s}}"))
                .contains("a: 'x' is no key", "b: it names no program", "c: timeout '0s'").doesNotContain("geheim");
    }

    @Test
    void whereProcessorsRunIsOneOfTwo() {
        assertThat(fault("--process-isolation", "{text: fiber}"))
                .startsWith("--process-isolation: is not a mapping of processors ('fiber' of text is not thread or process)");
    }

    @Test
    void aStructureInTheFileThatCannotBeReadHasItsLine() throws Exception {
        yaml("port: 1\nprocess-commands:\n  a: wc\n  a: ls\n");
        assertThat(fault()).startsWith("fetchback.yaml:2 process-commands: has no value that can be used");
        yaml("process:\n  commands: wc\n");
        assertThat(fault()).startsWith("fetchback.yaml:2 process.commands: is not a mapping of commands (it is no mapping)");
    }
}
