package dev.fetchback.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fetchback.task.BatchId;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Header;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Page;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Processed;
import dev.fetchback.task.Task.Plan;
import dev.fetchback.task.Task.Progress;
import dev.fetchback.task.TaskSpec;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CodecTest {
    private static final Plan PLAN = new Plan("a.example:443", "rcv_0123456789abcdef", 5, 3, 10, 0, 0);
    private static final TaskSpec SPEC = TaskSpec.get("https://a.example/", DeliverOptions.to("https://api.me/hooks"));
    private static final Page PAGE =
            new Page(404, "https://a.example/x", List.of(new Header("a", "b"), new Header("a", "ü\n")), null, 7, "00ff", 5, 6);

    @Test
    void writesOnlyWhatDiffersFromTheDefault() {
        assertThat(new String(Codec.facts(PLAN, SPEC), StandardCharsets.UTF_8))
                .isEqualTo("{\"host\":\"a.example:443\",\"receiver\":\"rcv_0123456789abcdef\","
                        + "\"spec\":{\"url\":\"https://a.example/\",\"deliver\":{\"to\":\"https://api.me/hooks\"}}}");
        assertThat(new String(Codec.progress(Progress.NONE), StandardCharsets.UTF_8)).isEqualTo("{}");
    }

    @Test
    void readsWhatItWrote() {
        for (Codec.Facts facts : List.of(
                new Codec.Facts(PLAN, SPEC),
                new Codec.Facts(new Plan("b:80", null, 5, 3, 10, 0, 0), TaskSpec.get("http://b/", null)),
                StoreFixture.unusual(new BatchId(1, -2)))) {
            byte[] stored = Codec.facts(facts.plan(), facts.spec());
            assertThat(Codec.facts(stored)).isEqualTo(facts);
            assertThat(Codec.plan(stored)).isEqualTo(facts.plan());
        }
    }

    @Test
    void readsEveryOutcome() {
        Problem problem = new Problem("http_status", null, 503);
        Map<String, Problem> failures = new LinkedHashMap<>();
        failures.put("text", new Problem("process_timeout", "It took longer than 10 s.", 0));
        failures.put("a", problem);
        for (Outcome outcome : List.of(
                new Outcome.Fetched(PAGE, 0),
                new Outcome.Fetched(PAGE, Outcome.Fetched.WHILE_NEEDED),
                new Outcome.Fetched(PAGE, 8, new Processed(99, Map.of())),
                new Outcome.Fetched(PAGE, 8, new Processed(2, failures)),
                new Outcome.Unchanged(PAGE),
                new Outcome.Failed(problem, 99))) {
            Progress progress = new Progress(1, 2, 1, 3, outcome, new Problem("timeout", "ä", 0), true, 4);
            assertThat(Codec.progress(Codec.progress(progress))).isEqualTo(progress);
        }
        assertThat(Codec.progress(Codec.progress(Progress.NONE))).isEqualTo(Progress.NONE);
    }

    @Test
    void keepsTheOrderOfMetadata() {
        Map<String, String> metadata = new java.util.LinkedHashMap<>();
        for (String name : List.of("z", "a", "m", "b")) {
            metadata.put(name, name + name);
        }
        TaskSpec spec = new TaskSpec(SPEC.url(), SPEC.request(), SPEC.fetch(), List.of(), SPEC.deliver(), SPEC.schedule(),
                new TaskSpec.Tags(null, null, List.of(), metadata));
        assertThat(Codec.facts(Codec.facts(PLAN, spec)).spec().tags().metadata().keySet()).containsExactly("z", "a", "m", "b");
    }

    @Test
    void skipsFieldsOfANewerVersion() {
        String newer = "{\"host\":\"a.example:443\",\"shard\":{\"n\":[1,{\"x\":2}]},\"receiver\":\"rcv_0123456789abcdef\","
                + "\"spec\":{\"url\":\"https://a.example/\",\"limits\":[\"a\"],"
                + "\"deliver\":{\"to\":\"https://api.me/hooks\",\"z\":null}}}";
        assertThat(Codec.facts(newer.getBytes(StandardCharsets.UTF_8))).isEqualTo(new Codec.Facts(PLAN, SPEC));
        assertThat(Codec.progress("{\"new\":{\"a\":1},\"fetches\":2}".getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(Progress.fetched(2));
    }

    @Test
    void saysThatDamagedDataIsDamaged() {
        for (String bad : List.of("", "{", "{\"host\":1", "{\"host\":\"a\"}", "[]", "{\"host\":\"a\",\"spec\":{}}",
                "{\"host\":\"a\",\"spec\":{\"url\":\"x\",\"fetch\":{\"robots\":\"MAYBE\"}}}")) {
            assertThatExceptionOfType(StoreException.class)
                    .as(bad)
                    .isThrownBy(() -> Codec.facts(bad.getBytes(StandardCharsets.UTF_8)))
                    .withMessageContaining("newer version")
                    .extracting(StoreException::kind)
                    .isEqualTo(StoreException.Kind.CORRUPT);
        }
    }

    @Test
    void writesTextThatIsNotUnicode() {
        TaskSpec spec = TaskSpec.get("https://a.example/\ud800x", null);
        assertThat(Codec.facts(Codec.facts(PLAN, spec)).spec().url()).startsWith("https://a.example/").endsWith("x");
    }
}
