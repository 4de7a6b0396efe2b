package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fetchback.server.cli.Terminal;
import dev.fetchback.server.config.ConfigException;
import dev.fetchback.server.config.Settings;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChecksTest {
    @TempDir
    Path folder;

    private Terminal terminal() {
        PrintStream nowhere = new PrintStream(PrintStream.nullOutputStream());
        return new Terminal(nowhere, nowhere, InputStream.nullInputStream(), Map.of(), folder, false);
    }

    @Test
    void complaintsOfOtherPackagesAreToldWithTheRest() throws Exception {
        Path tokens = Files.writeString(folder.resolve("tokens"), "a:0123456789abcdef\na:short\n???\n");
        List<String> flags = List.of("--fetch-allow-networks", "10.0.0.1/8", "--deliver-allow-networks", "10.0.0.0/8,1.2.3.4/33",
                "--api-token-file", tokens.toString(), "--port", "x");
        ConfigException e = catchThrowableOfType(ConfigException.class, () -> Checks.reader(terminal()).read(flags));
        assertThat(e.faults()).hasSize(4).allSatisfy(fault -> assertThat(fault.toString()).hasLineCount(1));
        assertThat(e.getMessage()).contains("10.0.0.1/8", "1.2.3.4/33", "line 2", "line 3").doesNotContain("short\n", "0123456789abcdef");
    }

    @Test
    void eachEntryThatIsNoNetworkIsNamed() {
        List<String> flags = List.of("--fetch-allow-networks", "10.0.0.0/8,intranet,10.0.0.0/33", "--deliver-deny-networks", "::/0,fe80::1%eth0");
        ConfigException e = catchThrowableOfType(ConfigException.class, () -> Checks.reader(terminal()).read(flags));
        assertThat(e.faults()).hasSize(2);
        assertThat(e.getMessage()).contains("'intranet' is not a network", "'10.0.0.0/33' is not a network", "'fe80::1%eth0' is not a network");
    }

    @Test
    void listsThatContradictEachOtherAreToldTogether() {
        List<String> flags = List.of("--fetch-allow-networks", "10.1.0.0/16,127.0.0.1", "--fetch-deny-networks", "10.0.0.0/8",
                "--deliver-allow-networks", "fd00::/8:1", "--dns-servers", "ns1.test");
        ConfigException one = catchThrowableOfType(ConfigException.class, () -> Checks.reader(terminal()).read(flags));
        assertThat(one.getMessage()).contains("fd00::/8:1", "'ns1.test' is not a DNS server");
        ConfigException two =
                catchThrowableOfType(ConfigException.class, () -> Checks.reader(terminal()).read(flags.subList(0, 4)));
        assertThat(two.faults()).singleElement().asString().contains(
                "--fetch-deny-networks", "does not go with --fetch-allow-networks",
                "'10.1.0.0/16' is allowed but lies within '10.0.0.0/8'", "take one of the two out");
    }

    @Test
    void policiesWhosePatternsMeanNoHostAreRefused() {
        assertThat(refused("http://a.example gap=1s")).contains("no host matches the pattern 'http://a.example'");
        assertThat(refused("*.example.com gap=1s; a.example.com gap=2s"))
                .contains("the host pattern 'a.example.com' is never reached, as '*.example.com' before it means the same hosts");
    }

    @Test
    void allThatIsWrongWithProcessorsIsToldAtOnce() throws Exception {
        Path file = Files.writeString(folder.resolve("tool"), "#!/bin/sh\n");
        List<String> flags = List.of("--process-timeout", "10m", "--process-isolation", "{txt: thread, words: thread, nothing-like-it: process}",
                "--process-commands", "{words: [wc, -w], text: cat}", "--port", "x");
        ConfigException e = catchThrowableOfType(ConfigException.class, () -> Checks.reader(terminal()).read(flags));
        assertThat(e.faults()).hasSize(6);
        assertThat(e.getMessage()).contains(
                "--process-timeout: process-timeout (600000ms) is longer than process-timeout-max (300000ms)",
                "--process-isolation: there is no processor 'txt'; did you mean 'text'?",
                "--process-isolation: there is no processor 'nothing-like-it'; there are ",
                "--process-isolation: 'words' is a command, which always has a process of its own",
                "--process-commands: there is a processor of the name 'text' already; give the command another name",
                "--port");
        String commands = "{a: no-such-program-4711, b: [/no/such/file], c: [" + file + "], UPPER: wc}";
        e = catchThrowableOfType(ConfigException.class,
                () -> Checks.reader(terminal()).read(List.of("--process-commands", commands)));
        assertThat(e.faults()).hasSize(1);
        assertThat(e.getMessage()).contains("no program 'no-such-program-4711' is on the PATH (" + System.getenv("PATH") + ")",
                "there is no file /no/such/file", file + " may not be executed", "the name 'UPPER'; allowed are");
    }

    @Test
    void pluginsThatCannotBeLoadedAreRefused() throws Exception {
        assertThat(pluginFault(folder.resolve("none"))).contains("the plugin folder " + folder.resolve("none") + " cannot be read");
        Files.writeString(folder.resolve("broken.jar"), "no jar");
        assertThat(pluginFault(folder)).contains("the plugin " + folder.resolve("broken.jar") + " is no readable jar");
        Files.delete(folder.resolve("broken.jar"));
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(folder.resolve("empty.jar")))) {
            jar.putNextEntry(new JarEntry("META-INF/services/dev.fetchback.process.Processor"));
            jar.write("com.example.NotThere\n".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(pluginFault(folder)).contains("a processor of the plugins cannot be loaded", "com.example.NotThere", "empty.jar");
        assertThat(Checks.reader(terminal()).read(List.of()).given(Settings.PLUGINS_DIR)).as("its default need not be there").isFalse();
    }

    private String pluginFault(Path plugins) {
        ConfigException e = catchThrowableOfType(ConfigException.class,
                () -> Checks.reader(terminal()).read(List.of("--plugins-dir", plugins.toString())));
        assertThat(e.faults()).hasSize(1);
        return e.faults().getFirst().toString();
    }

    private String refused(String policies) {
        ConfigException e = catchThrowableOfType(
                ConfigException.class, () -> Checks.reader(terminal()).read(List.of("--fetch-policies", policies)));
        assertThat(e).as("it must be refused").isNotNull();
        assertThat(e.faults()).hasSize(1);
        return e.faults().getFirst().toString();
    }

    @Test
    void theUrlOfADatabaseIsReadBeforeItIsUsed() throws Exception {
        String url = "jdbc:postgresql://db:5432/x?user=me";
        assertThat(Checks.reader(terminal()).read(List.of("--store", url)).get(Settings.STORE)).isEqualTo(url);
        ConfigException e = catchThrowableOfType(ConfigException.class,
                () -> Checks.reader(terminal()).read(List.of("--store", url + "&curentSchema=a", "--port", "x")));
        assertThat(e.faults()).hasSize(2);
        assertThat(e.getMessage()).contains("--store = \"" + url + "&curentSchema=a\"", "is currentSchema meant?");
    }

    @Test
    void whatIsRightPasses() throws Exception {
        Path tokens = Files.writeString(folder.resolve("tokens"), "# mine\na:0123456789abcdef:admin\n");
        List<String> flags = List.of("--fetch-allow-networks", "127.0.0.0/8, [fd00::/8]:8080", "--api-token-file", tokens.toString(),
                "--host", "0.0.0.0");
        assertThat(Checks.reader(terminal()).read(flags).get(Settings.API_TOKEN_FILE)).isEqualTo(tokens);
    }
}
