package dev.fetchback.processors;

import dev.fetchback.process.BadOption;
import dev.fetchback.process.Processor;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A processor that names its options, by which they are read and by which their documentation is held. */
interface BuiltIn extends Processor {
    /** All it has, in the order in which they are documented. */
    List<Option<?>> options();

    /** The work, with options that are right. */
    Job job(Options options) throws BadOption;

    @Override
    default Job prepare(Map<String, @Nullable Object> options) throws BadOption {
        return job(Options.read(options, options()));
    }
}
