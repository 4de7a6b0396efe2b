/** Programs with Fetchback inside. */
@NullMarked
package dev.fetchback.examples;

import org.jspecify.annotations.NullMarked;
