package dev.fetchback.server.intake;

import dev.fetchback.process.BadOption;
import java.time.Duration;
import java.util.List;

/** Knows the processors that a task may use, and checks what it asks of them; the same check that is made where they run. */
public interface ProcessorCheck {
    /** The processors' names, in the order in which callers are told them. */
    List<String> names();

    /** The longest that one run may take. */
    Duration timeoutMax();

    /**
     * Checks options, quickly and without I/O.
     *
     * @param use one of {@link #names}
     * @param options a JSON object as text
     * @throws BadOption when one is not known or its value is not allowed
     */
    void check(String use, String options) throws BadOption;
}
