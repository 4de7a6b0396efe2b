package dev.fetchback.server.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.TaskSpec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ProcessReaderTest {
    private final TaskReader reader = new TaskReader(IntakeDefaults.DEFAULT, Api::urlProblem, new FakeProcessors());

    private static Slice json(String text) {
        return Slice.of(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    }

    private List<ProcessorUse> read(String process) {
        return spec("{'url':'http://a/','process':" + process + "}").process();
    }

    private TaskSpec spec(String text) {
        return reader.single(json(text), null, Origin.single(null), Api.NOW).spec();
    }

    private Refusal refusal(String process) {
        return catchThrowableOfType(Refusal.class, () -> read(process));
    }

    @Test
    void aNameIsEnough() {
        assertThat(read("[{'use':'text'}]")).containsExactly(ProcessorUse.of("text"));
        assertThat(read("[]")).isEmpty();
        assertThat(read("null")).isEmpty();
    }

    @Test
    void whatIsNotOursIsAnOption() {
        assertThat(read("[{'css':'h1 \\u00e9 \\ud83d\\ude00','use':'select','n':[1,{'a':1.50e3,'b':null}],'as':'prices','on_error':'deliver',"
                        + "'timeout':'10s'},{'use':'text'}]"))
                .containsExactly(
                        new ProcessorUse("select", "prices", "{\"css\":\"h1 \u00e9 \ud83d\ude00\",\"n\":[1,{\"a\":1.50E+3,\"b\":null}]}",
                                ProcessorUse.OnError.DELIVER, Duration.ofSeconds(10)),
                        ProcessorUse.of("text"));
    }

    @Test
    void oneProcessorMayBeUsedTwiceUnderTwoNames() {
        assertThat(read("[{'use':'select','css':'a'},{'use':'select','as':'other','css':'b'}]")).extracting(ProcessorUse::name)
                .containsExactly("select", "other");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}|WRONG_TYPE|/process|an array",
                "['text']|WRONG_TYPE|/process/0|an object",
                "[{'use':'text'},{}]|MISSING_FIELD|/process/1/use|{\"use\":\"text\"}",
                "[{'use':7}]|WRONG_TYPE|/process/0/use|a string",
                "[{'use':'txt'}]|UNKNOWN_PROCESSOR|/process/0/use|did you mean text?",
                "[{'use':'xyzzyxyzzy'}]|UNKNOWN_PROCESSOR|/process/0/use|known are links, select, text.",
                "[{'use':'text','use':'text'}]|DUPLICATE_KEY|/process/0/use|twice",
                "[{'use':'text','css':1}]|INVALID_VALUE|/process/0/css|no option",
                "[{'use':'select'}]|INVALID_VALUE|/process/0|needs",
                "[{'use':'select','css':'h1 >>'}]|INVALID_VALUE|/process/0/css|no selector",
                "[{'use':'select','css':{'a':1,'a':2}}]|DUPLICATE_KEY|/process/0/css/…/a|twice",
                "[{'use':'select','css':[{'b':[{'a':1,'a':2}]}]}]|DUPLICATE_KEY|/process/0/css/…/a|twice",
                "[{'use':'select','css':1,'css':2}]|DUPLICATE_KEY|/process/0/css|twice",
                "[{'use':'select','css':'\\ud800'}]|INVALID_VALUE|/process/0/css|surrogate",
                "[{'use':'select','css':{'a\\u0001':1}}]|INVALID_VALUE|/process/0/css|plain name",
                "[{'use':'text','as':''}]|INVALID_VALUE|/process/0/as|1 to 64",
                "[{'use':'text','as':'a b'}]|INVALID_VALUE|/process/0/as|1 to 64",
                "[{'use':'text'},{'use':'text'}]|CONFLICTING_FIELDS|/process/1/as|another name",
                "[{'use':'text'},{'use':'links','as':'text'}]|CONFLICTING_FIELDS|/process/1/as|another name",
                "[{'use':'text','on_error':'ignore'}]|INVALID_VALUE|/process/0/on_error|\"deliver\"",
                "[{'use':'text','timeout':'6m'}]|OUT_OF_RANGE|/process/0/timeout|5m",
                "[{'use':'text','timeout':5}]|WRONG_TYPE|/process/0/timeout|a time span",
            },
            quoteCharacter = '`')
    void whatIsWrongIsRefusedWithItsPlace(String process, ApiError error, String pointer, String words) {
        Refusal refusal = refusal(process);
        assertThat(refusal).as(process).isNotNull();
        assertThat(refusal.error()).as(refusal.detail()).isEqualTo(error);
        assertThat(refusal.pointer()).isEqualTo(pointer);
        assertThat(refusal.detail()).contains(words);
    }

    @Test
    void tooManyAndTooDeepIsRefused() {
        StringBuilder uses = new StringBuilder();
        for (int i = 0; i < ProcessorUse.MAX; i++) {
            uses.append("{'use':'text','as':'t").append(i).append("'},");
        }
        assertThat(read("[" + uses.substring(0, uses.length() - 1) + "]")).hasSize(ProcessorUse.MAX);
        assertThat(refusal("[" + uses + "{'use':'text'}]").error()).isEqualTo(ApiError.OUT_OF_RANGE);
        Refusal deep = refusal("[{'use':'select','css':" + "[".repeat(100) + "]".repeat(100) + "}]");
        assertThat(deep.error()).isEqualTo(ApiError.MALFORMED_JSON);
    }

    @Test
    void onlyTheResultsAreSentWhenThereAreAny() {
        assertThat(spec("{'url':'http://a/','process':[{'use':'text'}],'deliver':{'to':'http://r/','mode':'processed'}}").deliver().mode())
                .isEqualTo(DeliverOptions.Mode.PROCESSED);
    }

    @Test
    void aBatchMayProcessAllItsPages() {
        TaskReader.BatchDefaults base = reader.defaults(json("{'process':[{'use':'text'}],'deliver':{'to':'http://r/','mode':'processed'}}"));
        Origin origin = Origin.single(null);
        assertThat(reader.item(json("{'url':'http://a/'}"), base, origin, Api.NOW).spec().process()).hasSize(1);
        assertThat(reader.item(json("{'url':'http://a/','process':[{'use':'links'}]}"), base, origin, Api.NOW).spec().process())
                .containsExactly(ProcessorUse.of("links"));
        Refusal none = catchThrowableOfType(Refusal.class,
                () -> reader.item(json("{'url':'http://a/','process':[]}"), base, origin, Api.NOW));
        assertThat(none.pointer()).isEqualTo("/deliver/mode");
    }

    @Test
    void aServerWithoutProcessorsSaysSo() {
        TaskReader without = new TaskReader(IntakeDefaults.DEFAULT, Api::urlProblem, FakeProcessors.NONE);
        Refusal refusal = catchThrowableOfType(Refusal.class, () -> without.single(
                json("{'url':'http://a/','process':[{'use':'text','timeout':'1s'}]}"), null, Origin.single(null), Api.NOW));
        assertThat(refusal.error()).isEqualTo(ApiError.UNKNOWN_PROCESSOR);
        assertThat(refusal.detail()).contains("it has none");
    }
}
