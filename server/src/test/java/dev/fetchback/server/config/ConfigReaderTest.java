package dev.fetchback.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigReaderTest {
    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    @TempDir
    Path folder;

    private Config read(Map<String, String> environment, String... flags) throws ConfigException {
        return new ConfigReader(environment, folder).read(List.of(flags));
    }

    private List<String> faults(Map<String, String> environment, String... flags) {
        ConfigException e = catchThrowableOfType(ConfigException.class, () -> read(environment, flags));
        assertThat(e).as("it must be refused").isNotNull();
        return e.faults().stream().map(Fault::toString).toList();
    }

    private void yaml(String... lines) throws IOException {
        Files.write(folder.resolve("fetchback.yaml"), List.of(lines));
    }

    @Test
    void everyDefaultIsAllowed() throws ConfigException {
        Config config = read(Map.of());
        assertThat(config.get(Settings.PORT)).isEqualTo(8080);
        assertThat(config.get(Settings.FETCH_PER_HOST_GAP)).isEqualTo(Duration.ofMillis(500));
        assertThat(config.get(Settings.BODY_MEMORY)).isEqualTo(64L << 20);
        assertThat(config.get(Settings.DELIVER_SCHEDULE)).hasSize(10).endsWith(Duration.ofHours(24));
        assertThat(config.find(Settings.DELIVER_TO)).isEmpty();
        assertThat(config.changed()).isEmpty();
        for (Setting<?> setting : Settings.ALL) {
            assertThat(config.find(setting).isPresent()).as(setting.name()).isEqualTo(setting.fallback() != null);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://example.com/bot?a=1", "http://[::1]/", "ops+bot@example.com"})
    void contactsAreUrlsAndMailAddresses(String contact) throws Exception {
        assertThat(read(Map.of(), "--fetch-contact", contact).find(Settings.FETCH_CONTACT)).contains(contact);
    }

    @ParameterizedTest
    @ValueSource(strings = {"example.com", "mailto:a@b", "https://", "https://example.com/a b", "a@b) Mozilla/5.0 (", "https://me:geheim@example.com/", "ü@example.com", "a@b\u0080"})
    void contactsThatNobodyReachesAreRefused(String contact) {
        assertThat(faults(Map.of(), "--fetch-contact", contact)).singleElement().asString()
                .contains("--fetch-contact", "an http(s) URL without user name, or a mail address");
    }

    @Test
    void passwordsInUrlsAreNotShown() {
        assertThat(faults(Map.of("FETCHBACK_PUBLIC_URL", "https://:geheim@b.example"), "--deliver-to", "http://me:geh/eim@a.example:80/x"))
                .hasSize(2).allSatisfy(fault -> assertThat(fault.toString()).doesNotContain("geh", "eim").contains("://…@"));
    }

    @Test
    void flagsWinOverVariablesAndVariablesOverTheFile() throws Exception {
        yaml("port: 1", "drain: 1s", "log: json");
        Config config = read(Map.of("FETCHBACK_PORT", "2", "FETCHBACK_DRAIN", "2s"), "--port", "3");
        assertThat(config.get(Settings.PORT)).isEqualTo(3);
        assertThat(config.get(Settings.DRAIN)).isEqualTo(Duration.ofSeconds(2));
        assertThat(config.get(Settings.LOG)).isEqualTo(Settings.LogFormat.JSON);
        assertThat(config.source(Settings.PORT)).isEqualTo("--port");
        assertThat(config.source(Settings.DRAIN)).isEqualTo("FETCHBACK_DRAIN");
        assertThat(config.source(Settings.LOG)).isEqualTo("fetchback.yaml:3 log");
        assertThat(config.source(Settings.HOST)).isEqualTo("default");
    }

    @Test
    void allProblemsAreToldAtOnceWithSourceValueAndWhatIsAllowed() throws Exception {
        yaml("fetch:", "  concurency: 5", "  per-host-gap: 3 parsecs", "log: xml");
        Map<String, String> environment = Map.of("FETCHBACK_DRAIN", "8", "FETCHBACK_PROT", "1", "PATH", "/bin");
        assertThat(faults(environment, "--port", "99999", "--hots", "x", "surplus", "--store", "mysql"))
                .containsExactlyInAnyOrder(
                        "fetchback.yaml:2 fetch.concurency: no such setting; did you mean fetch-concurrency?",
                        "fetchback.yaml:3 fetch.per-host-gap = \"3 parsecs\": "
                                + "is not a duration; allowed: 0s to 1h, in ms, s, m, h or d",
                        "fetchback.yaml:4 log = \"xml\": is not one of the choices; allowed: text or json",
                        "FETCHBACK_DRAIN = \"8\": is not a duration (it has no unit); allowed: 0s to 10m, in ms, s, m, h or d",
                        "FETCHBACK_PROT: no such variable; did you mean FETCHBACK_PORT?",
                        "--port = \"99999\": is not a port; allowed: 0 to 65535 (0 takes any free port)",
                        "--hots: no such flag; did you mean --host?",
                        "command line = \"surplus\": is not a flag; flags begin with --",
                        "--store = \"mysql\": is not a store; allowed: sqlite, or jdbc:postgresql://host:port/database?user=name");
    }

    @Test
    void policiesAreGivenInTheFileOrInOneLine() throws Exception {
        String line = "*.example.com intranet:8080 concurrency=32 gap=0s robots=ignore; slow.example gap=5s";
        List<FetchPolicy> policies = List.of(
                new FetchPolicy(List.of("*.example.com", "intranet:8080"), 32, Duration.ZERO, Settings.Robots.IGNORE),
                new FetchPolicy(List.of("slow.example"), null, Duration.ofSeconds(5), null));
        assertThat(read(Map.of(), "--fetch-policies", line).get(Settings.FETCH_POLICIES)).isEqualTo(policies);
        assertThat(read(Map.of("FETCHBACK_FETCH_POLICIES", line)).get(Settings.FETCH_POLICIES)).isEqualTo(policies);
        yaml("fetch:", "  policies:", "    - hosts: [\"*.example.com\", \"intranet:8080\"]", "      concurrency: 32", "      gap: 0s",
                "      robots: ignore", "    - hosts: slow.example", "      gap: 5s");
        Config config = read(Map.of());
        assertThat(config.get(Settings.FETCH_POLICIES)).isEqualTo(policies);
        assertThat(config.source(Settings.FETCH_POLICIES)).isEqualTo("fetchback.yaml:2 fetch.policies");
        yaml("fetch-policies:", "  - \"*.example.com, intranet:8080 concurrency=32 gap=0s robots=ignore\"", "  - slow.example gap=5s");
        assertThat(read(Map.of()).get(Settings.FETCH_POLICIES)).isEqualTo(policies);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "a.example gapp=1s | policy 1: 'gapp' is no key of a policy; did you mean gap?",
        "a.example gap=1s; b.example burst=9 | policy 2: 'burst' is no key of a policy; there are concurrency, gap, robots",
        "a.example gap=soon | policy 1: gap=soon is not a duration; allowed: 0s to 1h",
        "a.example concurrency=0 | policy 1: concurrency=0 is not a whole number; allowed: 1 to 100000",
        "a.example robots=no | policy 1: robots=no is not one of the choices; allowed: obey or ignore",
        "a.example gap=1s gap=2s | policy 1: 'gap' is given twice",
        "gap=1s | policy 1: it names 0 hosts; allowed are 1 to 64",
        "a.example | policy 1: it changes nothing for a.example; give one of concurrency, gap, robots",
        "a.example gap=1s;;b.example gap=1s | policy 2: it names 0 hosts",
    })
    void policiesThatMeanNothingAreRefusedSayingWhere(String value, String why) {
        assertThat(faults(Map.of(), "--fetch-policies", value)).singleElement().asString()
                .startsWith("--fetch-policies = ").contains(why).contains("; allowed: policies with ; between");
    }

    @Test
    void aPolicyInTheFileHasItsLine() throws Exception {
        yaml("port: 1", "fetch:", "  policies:", "    - hosts: a.example", "      robot: ignore");
        assertThat(faults(Map.of())).singleElement().asString()
                .startsWith("fetchback.yaml:3 fetch.policies").contains("policy 1: 'robot' is no key of a policy; did you mean robots?");
        yaml("fetch-policies:", "  - hosts: a.example", "    gap:", "  - [a]");
        assertThat(faults(Map.of())).singleElement().asString().startsWith("fetchback.yaml:1 fetch-policies: has no value that can be used");
    }

    @Test
    void aValueThatIsOverriddenIsCheckedAllTheSame() {
        assertThat(faults(Map.of("FETCHBACK_PORT", "x"), "--port", "1")).singleElement().asString().startsWith("FETCHBACK_PORT");
    }

    @Test
    void aDatabaseIsNamedByItsUrlWithoutAPassword() throws Exception {
        String url = "jdbc:postgresql://db:5432/x?user=me&ssl=true";
        assertThat(read(Map.of("FETCHBACK_STORE_PASSWORD", "s3cret"), "--store", url).get(Settings.STORE)).isEqualTo(url);
        assertThat(faults(Map.of(), "--store", url + "&password=s3cret")).singleElement().asString()
                .contains("FETCHBACK_STORE_PASSWORD", "password=…").doesNotContain("s3cret");
        assertThat(faults(Map.of(), "--store", "jdbc:postgresql://me:s3cret@db/x")).singleElement().asString()
                .contains("is not a store").doesNotContain("s3cret");
    }

    @ParameterizedTest
    @CsvSource({
        "--port, -1", "--port, 65536", "--port, 1.5", "--port, ''", "--fetch-concurrency, 0", "--fetch-concurrency, 100001",
        "--fetch-concurrency, 99999999999", "--drain, 11m", "--drain, -1s", "--drain, 1 s", "--body-memory, 17GiB",
                "--body-memory, 1MB",
        "--body-memory, 9999999999999TiB", "--deliver-to, ftp://x/", "--deliver-to, x", "--deliver-to, http://u:p@x/",
                "--deliver-to, http://x/#a",
        "--host, a b", "--host, 1.2.3", "--host, 127.0.0.1:80", "--fetch-allow-networks, 10.0.0.0/8 10.1.0.0/16",
                "--deliver-schedule, '1s,,2s'",
        "--node-name, a b", "--api-token-file, /no/such/file", "--insecure=maybe, ''", "--fetch-robots, OBEY",
                "--config, /no/such.yaml"
    })
    void refuses(String flag, String value) {
        String[] flags = flag.contains("=") ? new String[] {flag} : new String[] {flag, value};
        assertThat(faults(Map.of(), flags)).hasSize(1);
    }

    @Test
    void takesBoundsAndOtherSpellings() throws Exception {
        Config config = read(Map.of(), "--port=0", "--drain", "0", "--body-memory", "1024", "--deliver-schedule", "0s, 5s",
                "--fetch-allow-networks", "10.0.0.0/8,[fd00::/8]:80,192.168.1.7:8080", "--insecure", "--host", "[::]");
        assertThat(config.get(Settings.PORT)).isZero();
        assertThat(config.get(Settings.DRAIN)).isZero();
        assertThat(config.get(Settings.BODY_MEMORY)).isEqualTo(1024);
        assertThat(config.get(Settings.DELIVER_SCHEDULE)).containsExactly(Duration.ZERO, Duration.ofSeconds(5));
        assertThat(config.get(Settings.INSECURE)).isTrue();
        assertThat(config.get(Settings.HOST)).isEqualTo("::");
    }

    @Test
    void anOpenAddressNeedsTokensOrInsecure() throws Exception {
        assertThat(faults(Map.of(), "--host", "0.0.0.0")).singleElement().asString()
                .startsWith("--host = \"0.0.0.0\":").contains("--api-token-file", "FETCHBACK_API_TOKENS", "--insecure");
        assertThat(faults(Map.of(), "--host", "example.org")).hasSize(1);
        assertThat(read(Map.of(), "--host", "0.0.0.0", "--insecure").loopback()).isFalse();
        assertThat(read(Map.of("FETCHBACK_API_TOKENS", "a:0123456789abcdef:admin"), "--host", "::").loopback()).isFalse();
        for (String host : List.of("localhost", "127.0.0.1", "127.9.9.9", "::1")) {
            assertThat(read(Map.of(), "--host", host).loopback()).as(host).isTrue();
        }
    }

    @Test
    void secretsComeFromTheEnvironmentOrAFileAndAreNeverShown() throws Exception {
        Path file = Files.writeString(folder.resolve("secret"), SECRET + "\n");
        assertThat(read(Map.of("FETCHBACK_DELIVER_SECRET", SECRET)).get(Settings.DELIVER_SECRET)).isEqualTo(SECRET);
        assertThat(read(Map.of(), "--deliver-secret-file", file.toString()).get(Settings.DELIVER_SECRET)).isEqualTo(SECRET);
        assertThat(read(Map.of("FETCHBACK_DELIVER_SECRET", SECRET)).toString()).contains("(hidden)").doesNotContain(SECRET);
        assertThat(faults(Map.of("FETCHBACK_DELIVER_SECRET", SECRET), "--deliver-secret-file", file.toString())).hasSize(1);
        assertThat(faults(Map.of("FETCHBACK_DELIVER_SECRET", "whsec_tooshort"))).singleElement().asString()
                .doesNotContain("tooshort");
        assertThat(faults(Map.of("FETCHBACK_API_TOKENS", "a:hunter2"))).singleElement().asString().doesNotContain("hunter2");
        assertThat(faults(Map.of(), "--deliver-secret", SECRET)).singleElement().asString()
                .contains("FETCHBACK_DELIVER_SECRET").doesNotContain(SECRET);
        assertThat(faults(Map.of(), "--api-tokens=a:0123456789abcdef")).singleElement().asString().doesNotContain("0123");
        Files.writeString(file, "whsec_nonsense");
        assertThat(faults(Map.of(), "--deliver-secret-file", file.toString())).singleElement().asString()
                .doesNotContain("nonsense");
        yaml("deliver-secret: " + SECRET);
        assertThat(faults(Map.of())).singleElement().asString().startsWith("fetchback.yaml:1").doesNotContain(SECRET);
    }

    @Test
    void yamlTakesWholeDottedAndGroupedNamesAndLists() throws Exception {
        yaml("fetch-concurrency: 9", "fetch.robots: ignore", "fetch:", "  per-host: {gap: 1s, concurrency: 4}",
                "deliver:", "  to: http://app:3000/hooks", "  schedule: [0s, 1s, 2s]", "insecure: true");
        Config config = read(Map.of());
        assertThat(config.get(Settings.FETCH_CONCURRENCY)).isEqualTo(9);
        assertThat(config.get(Settings.FETCH_ROBOTS)).isEqualTo(Settings.Robots.IGNORE);
        assertThat(config.get(Settings.FETCH_PER_HOST_GAP)).isEqualTo(Duration.ofSeconds(1));
        assertThat(config.get(Settings.FETCH_PER_HOST_CONCURRENCY)).isEqualTo(4);
        assertThat(config.find(Settings.DELIVER_TO)).contains(URI.create("http://app:3000/hooks"));
        assertThat(config.get(Settings.DELIVER_SCHEDULE)).hasSize(3);
        assertThat(config.get(Settings.INSECURE)).isTrue();
    }

    @Test
    void yamlRefusesDuplicatesInAnySpelling() throws Exception {
        yaml("port: 1", "fetch: {concurrency: 1}", "port: 2", "fetch.concurrency: 2");
        assertThat(faults(Map.of())).containsExactly(
                "fetchback.yaml:3 port: is given twice, first at fetchback.yaml:1; give it once",
                "fetchback.yaml:4 fetch.concurrency: is given twice, first at fetchback.yaml:2; give it once");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "port: [", "- 1", "just text", "port:", "port: {a: 1}", "? [a]\n: 1", "a: &x {b: *x}", "port: [[1]]", "a: *nowhere",
                "port: 1\n  b: 2",
        "\tport: 1", "a: !!java.lang.String {}"
    })
    void yamlThatIsNotAListOfSettingsIsRefusedInOneLine(String text) throws Exception {
        yaml(text.split("\n"));
        assertThat(faults(Map.of())).isNotEmpty().allSatisfy(fault -> assertThat(fault).startsWith("fetchback.yaml")
                .doesNotContain("\n"));
    }

    @Test
    void anEmptyFileIsFineAndAnUnreadableOneIsNot() throws Exception {
        yaml("# nothing yet");
        assertThat(read(Map.of()).changed()).isEmpty();
        Files.write(folder.resolve("fetchback.yaml"), new byte[] {(byte) 0xff, (byte) 0xfe});
        assertThat(faults(Map.of())).singleElement().asString().contains("UTF-8");
        Files.write(folder.resolve("fetchback.yaml"), new byte[(1 << 20) + 1]);
        assertThat(faults(Map.of())).singleElement().asString().contains("1 MiB");
    }

    @Test
    void configNamesAnotherFile() throws Exception {
        Files.writeString(folder.resolve("other.yaml"), "port: 7");
        assertThat(read(Map.of(), "--config", "other.yaml").get(Settings.PORT)).isEqualTo(7);
        assertThat(read(Map.of("FETCHBACK_CONFIG", "other.yaml")).get(Settings.PORT)).isEqualTo(7);
        assertThat(faults(Map.of(), "--config", "none.yaml")).singleElement().asString().startsWith("none.yaml")
                .contains("no such file");
    }

    @Test
    void variablesOfKubernetesAndEmptyOnesAreNotSettings() throws Exception {
        Map<String, String> environment = Map.of(
                "FETCHBACK_PORT", "tcp://10.0.0.1:8080", "FETCHBACK_PORT_8080_TCP", "x", "FETCHBACK_SERVICE_HOST", "10.0.0.1",
                "FETCHBACK_DELIVER_TO", "", "FETCHBACK_SERVER", "http://x", "FETCHBACK_TOKEN", "t", "FETCHBACK_JAVA_OPTS",
                        "-Xmx1g");
        assertThat(read(environment).changed()).isEmpty();
    }

    @Test
    void flagsWithoutValuesAndGivenTwiceAreRefused() {
        assertThat(faults(Map.of(), "--port")).singleElement().asString().startsWith("--port: has no value; give 0 to 65535");
        assertThat(faults(Map.of(), "--port", "--insecure")).singleElement().asString().startsWith("--port: has no value");
        assertThat(faults(Map.of(), "--port", "1", "--port=2")).singleElement().asString().contains("given twice");
    }

    @Test
    void moreChecksCanBeAdded() throws Exception {
        ConfigReader reader = new ConfigReader(Map.of(), folder).check(Settings.FETCH_ALLOW_NETWORKS, text -> {
            throw new IllegalArgumentException("bits beyond the prefix");
        });
        ConfigException e = catchThrowableOfType(ConfigException.class,
                () -> reader.read(List.of("--fetch-allow-networks", "10.0.0.1/8")));
        assertThat(e.faults()).singleElement().asString().contains("10.0.0.1/8", "(bits beyond the prefix)");
    }

    @Test
    void hostileValuesAreShortenedAndMadeVisible() {
        String fault = faults(Map.of(), "--port", "\u001b[31m" + "9".repeat(500)).getFirst();
        assertThat(fault).doesNotContain("\u001b").hasSizeLessThan(200);
    }
}
