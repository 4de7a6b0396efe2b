package dev.fetchback.server.intake;

import dev.fetchback.server.ops.Ops;
import java.util.function.LongSupplier;

/**
 * What the API is given besides the tasks.
 *
 * @param urls checks URLs of pages and receivers
 * @param processors checks what pages are to go through
 * @param results renders outcomes for {@code Prefer: wait}
 * @param links knows signed links to pages
 * @param guard explains outgoing connections
 * @param ops health and metrics
 * @param clock Unix milliseconds
 * @param nanos for spans of time; never goes back
 */
public record ApiParts(
        UrlCheck urls,
        ProcessorCheck processors,
        ResultView results,
        LinkSigner links,
        GuardView guard,
        Ops ops,
        LongSupplier clock,
        LongSupplier nanos) {}
