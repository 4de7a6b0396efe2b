package dev.fetchback.work;

/**
 * What an answer says about its host's speed and patience.
 *
 * @param host whose answer it is, host and port; after redirects not the task's own
 * @param startedAt when the attempt began, Unix milliseconds
 * @param latencyMillis from the request to the end of the answer's head
 * @param good whether the status is 2xx; another answer may be quick because it does no work, so it never speeds anything up
 * @param busy whether the host asks to be left alone: 429 and 503
 * @param retryAt until when it asks for that (Retry-After), Unix milliseconds; 0 when it does not say
 */
public record HostNews(String host, long startedAt, long latencyMillis, boolean good, boolean busy, long retryAt) {}
