package dev.fetchback.work;

import dev.fetchback.task.Page;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Processed;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A page on its way through the stages, in the hands of one attempt.
 *
 * @param page what is known of it
 * @param body its bytes
 * @param stored whether the body is in the store
 * @param results what came of processing it, which is not in the store; null before that, and when nothing is to be processed
 */
record Load(Page page, Body body, boolean stored, ProcessResult.@Nullable Processed results) {
    Load with(ProcessResult.Processed processed) {
        return new Load(page, body, stored, processed);
    }

    /** What is known of the results; null without any. */
    @Nullable Processed processed() {
        if (results == null) {
            return null;
        }
        Map<String, Problem> failures = new LinkedHashMap<>();
        results.failures().forEach(failure -> failures.put(failure.name(), failure.problem()));
        return new Processed(results.results().length, failures);
    }

    /** The page when it is still to be stored, else null. */
    @Nullable Page unstored() {
        return stored ? null : page;
    }

    /** How much {@link #open} has. */
    long length() {
        return (stored ? 0 : body.length()) + (results == null ? 0 : results.results().length);
    }

    /** All that is still to be stored, as an array that must not be changed; look at {@link #length} first. */
    byte[] bytes() throws IOException {
        byte[] more = results == null ? new byte[0] : results.results();
        if (stored) {
            return more;
        }
        byte[] first = body.bytes();
        if (more.length == 0) {
            return first;
        }
        byte[] both = Arrays.copyOf(first, first.length + more.length);
        System.arraycopy(more, 0, both, first.length, more.length);
        return both;
    }

    /** The same as a stream. */
    InputStream open() throws IOException {
        return results == null ? body.open() : new SequenceInputStream(body.open(), new ByteArrayInputStream(results.results()));
    }
}
