package dev.fetchback.task;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What came of processing a page. The results themselves, a JSON object in UTF-8, follow the page's bytes where its body is stored.
 *
 * @param bytes length of the results
 * @param failures why there is no result of a processor whose task wants the page all the same, by its name in the task
 */
public record Processed(long bytes, Map<String, Problem> failures) {
    /** Copies the failures, in their order. */
    public Processed {
        failures = Collections.unmodifiableMap(new LinkedHashMap<>(failures));
    }
}
