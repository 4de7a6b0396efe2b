package dev.fetchback;

import dev.fetchback.deliver.Delivery;
import dev.fetchback.deliver.Receiver;

/** A {@link Receiver} that submits further tasks, as a crawler does. */
@FunctionalInterface
public interface SubmittingReceiver {
    /**
     * Takes one outcome, as {@link Receiver#receive} does. A repetition submits again what it did, so give tasks an {@link
     * Fetch#idempotencyKey}.
     *
     * @param fetchback what delivers; it takes tasks, also while it closes, but must not be closed here
     * @throws Exception when the outcome was not taken
     */
    void receive(Delivery delivery, Fetchback fetchback) throws Exception;
}
