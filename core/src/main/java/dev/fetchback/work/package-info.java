/** The scheduler and the stage loop: take what is due, run a step within its limits, settle; knows no HTTP. */
@NullMarked
package dev.fetchback.work;

import org.jspecify.annotations.NullMarked;
