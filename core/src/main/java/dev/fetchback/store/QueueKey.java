package dev.fetchback.store;

import dev.fetchback.task.Stage;

/**
 * Names a queue of waiting tasks.
 *
 * @param stage what they wait for
 * @param name the host and port, or the receiver's id
 */
public record QueueKey(Stage stage, String name) {}
