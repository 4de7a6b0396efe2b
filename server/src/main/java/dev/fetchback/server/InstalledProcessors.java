package dev.fetchback.server;

import dev.fetchback.process.BadOption;
import dev.fetchback.process.Processors;
import dev.fetchback.process.UnknownProcessor;
import dev.fetchback.server.intake.ProcessorCheck;
import java.time.Duration;
import java.util.List;

/**
 * The library's processors, as the API asks for them.
 *
 * @param processors of the library
 * @param timeoutMax the longest that one run may take
 */
record InstalledProcessors(Processors processors, Duration timeoutMax) implements ProcessorCheck {
    @Override
    public List<String> names() {
        return processors.names();
    }

    @Override
    public void check(String use, String options) throws BadOption {
        try {
            processors.check(use, options);
        } catch (UnknownProcessor e) {
            throw new IllegalArgumentException(e.getMessage(), e); // it was not asked for by one of the names
        }
    }
}
