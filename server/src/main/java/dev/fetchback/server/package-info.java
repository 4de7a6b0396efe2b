/** The composition root and the command line. */
@NullMarked
package dev.fetchback.server;

import org.jspecify.annotations.NullMarked;
