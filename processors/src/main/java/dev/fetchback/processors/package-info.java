/** The processors that come with Fetchback: what can be read out of a page, bounded whatever the page holds. */
@NullMarked
package dev.fetchback.processors;

import org.jspecify.annotations.NullMarked;
