/** The step that processes: processors, and the pools of threads and of processes that can be killed in which they run. */
@NullMarked
package dev.fetchback.process;

import org.jspecify.annotations.NullMarked;
