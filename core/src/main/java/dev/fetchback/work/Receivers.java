package dev.fetchback.work;

import dev.fetchback.store.ReceiverRecord;
import java.util.List;
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

    /** Takes over what other owners of the store have stored of receivers. */
    default void hear(List<ReceiverRecord> news) {}
}
