/** The limit of the design: the same server, fetch and deliver code with the store left out. */
@NullMarked
package dev.fetchback.bench;

import org.jspecify.annotations.NullMarked;
