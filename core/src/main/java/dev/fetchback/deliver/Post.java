package dev.fetchback.deliver;

import dev.fetchback.task.Header;
import dev.fetchback.task.Problem;
import dev.fetchback.work.Body;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Sends one POST and reads the answer; all that the step knows of HTTP. */
@FunctionalInterface
interface Post {
    /**
     * One whole exchange within the timeout: no redirect is followed, and at most {@link #ANSWER_BYTES_MAX} of the answer are
     * read.
     *
     * @throws IOException when what is to be sent cannot be read
     * @throws InterruptedException when the server drains
     */
    Reply send(Letter letter) throws IOException, InterruptedException;

    /** What a receiver answers is of no use beyond its status; more than this is not waited for. */
    int ANSWER_BYTES_MAX = 64 << 10;

    /**
     * What is sent.
     *
     * @param headers with content-type, without content-length and host
     * @param timeout of the whole exchange
     */
    record Letter(String url, List<Header> headers, Content content, Duration timeout) {}

    /** The body of what is sent. */
    sealed interface Content {
        /** A part of an array, which may be used again once the exchange is over. */
        record Bytes(byte[] array, int length) implements Content {}

        /** A page too long to be held in memory. */
        record Streamed(Body body) implements Content {}
    }

    /** What came of it. */
    sealed interface Reply {
        /**
         * An answer.
         *
         * @param retryAfter the field's value; null without
         */
        record Answer(int status, @Nullable String retryAfter) implements Reply {}

        /** No answer. */
        record NoAnswer(Problem problem) implements Reply {}
    }
}
