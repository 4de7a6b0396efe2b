package dev.fetchback.server.intake;

import dev.fetchback.process.BadOption;
import java.time.Duration;
import java.util.List;

/** Three processors; {@code select} takes one option, {@code css}, the others none. */
final class FakeProcessors implements ProcessorCheck {
    /** Where there are none. */
    static final ProcessorCheck NONE = new ProcessorCheck() {
        @Override
        public List<String> names() {
            return List.of();
        }

        @Override
        public Duration timeoutMax() {
            return Duration.ofMinutes(5);
        }

        @Override
        public void check(String use, String options) {
            throw new IllegalArgumentException("there is no processor '" + use + "'");
        }
    };

    @Override
    public List<String> names() {
        return List.of("links", "select", "text");
    }

    @Override
    public Duration timeoutMax() {
        return Duration.ofMinutes(5);
    }

    @Override
    public void check(String use, String options) throws BadOption {
        if (use.equals("select") && !options.startsWith("{\"css\":")) {
            throw new BadOption("", "\"select\" needs \"css\"; give a selector.");
        }
        if (use.equals("select") && options.contains("h1 >>")) {
            throw new BadOption("/css", "\"h1 >>\" is no selector; write one such as \"h1\".");
        }
        if (!use.equals("select") && !options.equals("{}")) {
            throw new BadOption("/css", "\"" + use + "\" has no option of that name; leave it out.");
        }
    }
}
