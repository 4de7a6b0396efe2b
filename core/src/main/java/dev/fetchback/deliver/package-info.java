/** The last step: an outcome is written as a signed webhook and posted to its receiver, whose health is kept per endpoint. */
@NullMarked
package dev.fetchback.deliver;

import org.jspecify.annotations.NullMarked;
