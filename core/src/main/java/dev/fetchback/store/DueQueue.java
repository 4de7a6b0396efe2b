package dev.fetchback.store;

/**
 * A queue whose earliest task may be due.
 *
 * @param name the host and port, or the receiver's id
 * @param dueAt a lower bound of its earliest ready time, Unix milliseconds
 */
public record DueQueue(String name, long dueAt) {}
