package dev.fetchback.work;

import org.jspecify.annotations.Nullable;

/** The limits and the health of receivers, kept by whoever delivers: one count for the lane and for deliveries from memory. */
public interface Receivers {
    /** The pace of a receiver's queue; it keeps nothing of its own, so it may be made anew at any time. */
    Pace pace(String receiver);

    /**
     * Whether a receiver is stopped for so long that a due task is not to wait for it.
     *
     * @return what an attempt would come to; null while attempts may start, or may soon
     */
    DeliverResult.@Nullable Refused stopped(String receiver);
}
