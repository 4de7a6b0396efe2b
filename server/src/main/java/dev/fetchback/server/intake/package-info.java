/** The HTTP API: takes tasks in, shows what became of them, refuses what is wrong with a code and a pointer. */
@NullMarked
package dev.fetchback.server.intake;

import org.jspecify.annotations.NullMarked;
