package dev.fetchback.processors;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.process.Processor;
import dev.fetchback.process.Processor.Isolation;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class BuiltInTest {
    /** All that are registered. */
    static List<Processor> all() {
        return ServiceLoader.load(Processor.class).stream().map(ServiceLoader.Provider::get).toList();
    }

    @Test
    void allAreFoundByTheServiceLoader() {
        assertThat(all()).extracting(Processor::name)
                .containsExactly("text", "article", "markdown", "links", "metadata", "select", "pdf-text");
    }

    @Test
    void whatParsesRunsInAProcess() {
        assertThat(all()).allSatisfy(one -> assertThat(one.isolation()).isEqualTo(Isolation.PROCESS));
    }

    @Test
    void aPageIsParsedOnceAndNobodyChangesIt() throws Exception {
        var page = Pages.html("<p style='display:none'>a</p><p>b <a href=/x>c</a></p><table><tr><td>d</table>");
        String before = ParsedPage.of(page, "test", Set.of(Kind.HTML)).document().outerHtml();
        for (Processor processor : all().stream().filter(one -> !one.name().equals("pdf-text")).toList()) {
            var options = processor.name().equals("select") ? Map.<String, Object>of("css", "p") : Map.<String, Object>of();
            processor.prepare(options).run(page);
        }
        assertThat(page.once(ParsedPage.class, again -> {
            throw new AssertionError("parsed again");
        }).document().outerHtml()).isEqualTo(before);
    }
}
