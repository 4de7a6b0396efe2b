/** The library: the builder, the handle, and what a program that embeds Fetchback calls. */
@NullMarked
package dev.fetchback;

import org.jspecify.annotations.NullMarked;
