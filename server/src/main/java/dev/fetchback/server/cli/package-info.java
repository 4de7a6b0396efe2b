/** The command line: what {@code ./fetchback} can do, and how the server logs. */
@NullMarked
package dev.fetchback.server.cli;

import org.jspecify.annotations.NullMarked;
