/** The vocabulary of a task and the pure state machine that moves it: no I/O, no clocks, java.base only. */
@NullMarked
package dev.fetchback.task;

import org.jspecify.annotations.NullMarked;
