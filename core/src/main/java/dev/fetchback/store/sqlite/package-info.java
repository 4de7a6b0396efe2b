/** The embedded engine: one SQLite file in a folder of its own, written by one thread at a time. */
@NullMarked
package dev.fetchback.store.sqlite;

import org.jspecify.annotations.NullMarked;
