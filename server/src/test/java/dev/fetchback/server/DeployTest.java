package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fetchback.server.config.Config;
import dev.fetchback.server.config.ConfigReader;
import dev.fetchback.server.config.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What is in {@code deploy/} goes with this server: its settings exist, its times fit, and the programs that read its files take them. */
final class DeployTest {
    private static final Path DEPLOY = Path.of("..", "deploy");
    private static final Pattern ASSIGNED = Pattern.compile("\\b(FETCHBACK_[A-Z_]+)=(\\S*)");
    private static final Pattern SUBSTITUTED = Pattern.compile("\\$\\{([A-Z_]+)(?::-([^}]*)|:\\?[^}]*)}");
    private static final Map<String, String> SECRETS = Map.of(
            "FETCHBACK_STORE_PASSWORD", "tulip",
            "FETCHBACK_API_TOKENS", "app:sixteen-characters-or-more",
            "FETCHBACK_DELIVER_TO", "https://app.example/hooks");

    @TempDir
    Path folder;

    @Test
    void theNodesOfTheComposeFileStartWithWhatItAndTheImageSay() throws Exception {
        Map<String, String> variables = variables(Files.readString(DEPLOY.resolve("Dockerfile")));
        environment("node").forEach((name, value) -> variables.put(name, substituted(value)));
        Config config = new ConfigReader(variables, folder).read(List.of());
        assertThat(variables).hasSizeGreaterThan(SECRETS.size() + 3);
        assertThat(config.get(Settings.STORE)).startsWith("jdbc:postgresql://postgres:5432/");
        assertThat(config.find(Settings.API_TOKENS)).as("listens beyond loopback").isPresent();
        assertThat(seconds((String) services().get("node").get("stop_grace_period"))).isGreaterThan(config.get(Settings.DRAIN));
        assertThat(environment("postgres").get("POSTGRES_PASSWORD")).isEqualTo(environment("node").get("FETCHBACK_STORE_PASSWORD"));
    }

    @Test
    void nothingThatIsSecretIsInTheFiles() throws Exception {
        for (String name : SECRETS.keySet()) {
            assertThat(environment("node").get(name)).as(name).startsWith("${" + name + ":?");
        }
    }

    @Test
    void nginxTakesItsConfiguration() throws Exception {
        String nginx = program("nginx", "/usr/sbin/nginx");
        Path file = folder.resolve("nginx.conf");
        Files.writeString(file, "pid " + folder.resolve("nginx.pid") + "; error_log stderr;\n"
                + proxy().replace("http {", "http {" + temporary())
                        .replace("listen 80;", "listen unix:" + folder.resolve("socket") + ";")); // a port that any user may have
        run(List.of(nginx, "-t", "-q", "-p", folder.toString(), "-c", file.toString()), "[emerg]");
    }

    @Test
    void systemdTakesTheUnit() throws Exception {
        String analyze = program("systemd-analyze", "/usr/bin/systemd-analyze");
        String unit = Files.readString(DEPLOY.resolve("fetchback.service"));
        assertThat(unit).contains("ExecStart=/opt/fetchback/fetchback serve --config /etc/fetchback/fetchback.yaml");
        Path file = folder.resolve("fetchback.service");
        Files.writeString(file, unit.replace("/opt/fetchback/fetchback ", Path.of("..", "fetchback").toRealPath() + " ")
                .replace("Documentation=file:///opt/fetchback", "Documentation=file://" + Path.of("..").toRealPath()));
        String said = run(List.of(analyze, "--man=no", "verify", file.toString()), "Unknown");
        assertThat(said.lines().filter(line -> line.contains("fetchback.service"))).isEmpty();
    }

    @Test
    void theUnitWaitsForTheDrainAndItsSettingsExist() throws Exception {
        String unit = Files.readString(DEPLOY.resolve("fetchback.service"));
        Map<String, String> variables = variables(unit.replace("%S", "/var/lib"));
        Config config = new ConfigReader(variables, folder).read(List.of());
        assertThat(config.get(Settings.DATA_DIR)).isEqualTo(Path.of("/var/lib/fetchback"));
        Matched stop = new Matched(unit, "(?m)^TimeoutStopSec=(\\d+)$");
        assertThat(Duration.ofSeconds(Long.parseLong(stop.one()))).isGreaterThan(config.get(Settings.DRAIN));
        assertThat(unit).contains("RestartPreventExitStatus=2\n", "StartLimitIntervalSec=0\n", "KillMode=mixed\n");
    }

    private record Matched(String text, String pattern) {
        String one() {
            List<MatchResult> found = Pattern.compile(pattern).matcher(text).results().toList();
            assertThat(found).as(pattern).hasSize(1);
            return found.getFirst().group(1);
        }
    }

    private static Map<String, String> variables(String text) {
        Map<String, String> variables = new HashMap<>();
        ASSIGNED.matcher(text.replaceAll("(?m)^#.*", "")).results().forEach(one -> variables.put(one.group(1), one.group(2)));
        return variables;
    }

    private static String substituted(String value) {
        return SUBSTITUTED.matcher(value).replaceAll(one -> SECRETS.getOrDefault(one.group(1), one.group(2)));
    }

    private static Duration seconds(String text) {
        return Duration.ofSeconds(Long.parseLong(new Matched(text, "^(\\d+)s$").one()));
    }

    @SuppressWarnings("unchecked") // the file is ours
    private static Map<String, Object> compose() throws IOException {
        return (Map<String, Object>) new Load(LoadSettings.builder().build())
                .loadFromString(Files.readString(DEPLOY.resolve("docker-compose.yml")));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Map<String, Object>> services() throws IOException {
        return (Map<String, Map<String, Object>>) compose().get("services");
    }

    @SuppressWarnings("unchecked")
    private static Map<String, String> environment(String service) throws IOException {
        return (Map<String, String>) services().get(service).get("environment");
    }

    /** As nginx gets it: a doubled dollar stands for one. */
    @SuppressWarnings("unchecked")
    private static String proxy() throws IOException {
        Map<String, Map<String, String>> configs = (Map<String, Map<String, String>>) compose().get("configs");
        return configs.get("proxy").get("content").replace("$$", "$");
    }

    /** Folders that an ordinary user may write to. */
    private String temporary() {
        List<String> lines = new ArrayList<>();
        for (String what : List.of("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) {
            lines.add(what + "_temp_path " + folder.resolve(what) + ";");
        }
        return String.join("\n", lines);
    }

    private static String program(String name, String path) {
        assumeTrue(Files.isExecutable(Path.of(path)), "Needs " + name + " in " + path + ".");
        return path;
    }

    private String run(List<String> command, String never) throws Exception {
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        try {
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("%s ends", command).isTrue();
        } finally {
            process.destroyForcibly();
        }
        String said = Files.readString(output);
        assertThat(process.exitValue()).as("%s", said).isZero();
        assertThat(said).doesNotContain(never);
        return said;
    }
}
