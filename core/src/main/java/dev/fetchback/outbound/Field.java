package dev.fetchback.outbound;

/**
 * One HTTP header field.
 *
 * @param name a token, compared without case
 * @param value without surrounding white space and without control characters
 */
public record Field(String name, String value) {}
