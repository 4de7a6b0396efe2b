package dev.fetchback.process;

import dev.fetchback.task.ProcessorUse;
import java.time.Duration;
import java.util.List;

/**
 * Uses of one task that follow each other and run in the same place, on the same page.
 *
 * @param facts of the page
 * @param page its bytes, not to be changed
 * @param links the uses
 * @param resultMax bytes of all results together
 * @param stored in which of the two lines for a place it stands: that of pages from the store, or of those straight from a fetch
 */
record Chain(FetchedPage.Facts facts, byte[] page, List<Link> links, int resultMax, boolean stored) {
    Chain(FetchedPage.Facts facts, byte[] page, List<Link> links, int resultMax) {
        this(facts, page, links, resultMax, false);
    }

    /**
     * One use.
     *
     * @param processor its name
     * @param options a JSON object as text
     * @param goesOn whether the ones after it run although it failed
     * @param timeout of it alone
     */
    record Link(String processor, String options, boolean goesOn, Duration timeout) {
        static Link of(ProcessorUse use, Duration timeout) {
            return new Link(use.use(), use.options(), use.onError() == ProcessorUse.OnError.DELIVER, timeout);
        }
    }
}
