package dev.fetchback;

import dev.fetchback.process.BadOption;
import dev.fetchback.process.Processor;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A processor without options that is a function of the page. */
record OwnProcessor(String name, Job job) implements Processor {
    @Override
    public Job prepare(Map<String, @Nullable Object> options) throws BadOption {
        if (!options.isEmpty()) {
            throw new BadOption("/" + options.keySet().iterator().next(), "it has no options");
        }
        return job;
    }
}
