/** The settings: one table, read from flags, environment and {@code fetchback.yaml}, with every problem told at once. */
@NullMarked
package dev.fetchback.server.config;

import org.jspecify.annotations.NullMarked;
