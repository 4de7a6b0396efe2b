package dev.fetchback.server.intake;

import dev.fetchback.task.FetchOptions;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a task gets that says nothing, and what it may not ask for.
 *
 * @param fetch the fetch options of a task that names none
 * @param deliverTo the operator's receiver; null keeps pages of tasks that name none
 * @param keep how long a page is kept when there is no receiver
 * @param maxBytesCap the largest {@code fetch.max_bytes}
 * @param ignoreRobots whether a task may ask for {@code "robots":"ignore"}
 */
public record IntakeDefaults(
        FetchOptions fetch, @Nullable String deliverTo, Duration keep, long maxBytesCap, boolean ignoreRobots) {
    /** A day for kept pages, 100 MiB as the largest page, robots.txt obeyed, no receiver. */
    public static final IntakeDefaults DEFAULT =
            new IntakeDefaults(FetchOptions.DEFAULT, null, Duration.ofHours(24), 100L << 20, false);
}
