package dev.fetchback.server.ops;

/**
 * An answer to be sent as it is.
 *
 * @param status HTTP
 * @param contentType of {@code body}
 * @param body not to be changed
 */
public record OpsAnswer(int status, String contentType, byte[] body) {}
