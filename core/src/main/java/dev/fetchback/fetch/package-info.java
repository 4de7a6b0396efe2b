/** The fetch step: a task's URL in, its page or the reason for none out. */
@NullMarked
package dev.fetchback.fetch;

import org.jspecify.annotations.NullMarked;
