package dev.fetchback.task;

/**
 * One HTTP header field.
 *
 * @param name as given; compared without case
 * @param value without surrounding white space or control characters
 */
public record Header(String name, String value) {}
