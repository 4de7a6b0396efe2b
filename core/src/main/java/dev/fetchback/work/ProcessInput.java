package dev.fetchback.work;

import dev.fetchback.task.Page;

/**
 * What is to be processed.
 *
 * @param page what is known of it
 * @param body its bytes, in memory or on disk; stays open until the step returns
 * @param stored whether it comes from the store, and not straight from its fetch
 */
public record ProcessInput(Page page, Body body, boolean stored) {}
