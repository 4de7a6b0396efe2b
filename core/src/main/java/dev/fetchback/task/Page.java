package dev.fetchback.task;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a fetched page, without its body.
 *
 * @param status the HTTP status
 * @param finalUrl after redirects
 * @param headers of the last answer, as received, bounded
 * @param contentType of the answer; null when it had none
 * @param bytes length of the decoded body
 * @param sha256 of the decoded body, before any charset decoding; 64 hex digits
 * @param fetchedAt when the last byte came, Unix milliseconds
 * @param totalMillis from the start of the attempt to the last byte
 */
public record Page(
        int status,
        String finalUrl,
        List<Header> headers,
        @Nullable String contentType,
        long bytes,
        String sha256,
        long fetchedAt,
        long totalMillis) {}
