/** One guarded HTTP exchange as a value: strict URLs, vetted addresses, bounded time and bytes; knows no tasks. */
@NullMarked
package dev.fetchback.outbound;

import org.jspecify.annotations.NullMarked;
