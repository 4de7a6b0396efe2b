package dev.fetchback.work;

import dev.fetchback.task.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * An outcome on its way to the receiver.
 *
 * @param outcome what came of the work
 * @param body the page's body; null unless a page came
 * @param results what came of processing the page, a JSON object in UTF-8; null unless it was processed
 * @param attempt which delivery attempt this is, from 1
 * @param stored whether the outcome is in the store already, so that a link to the page would work
 * @param letGo to be called, any number of times, when the delivery has begun or will not begin soon: what it keeps of the fetch
 *     may go to another task from then on
 */
public record Parcel(
        Outcome outcome, @Nullable Body body, @Nullable Body results, int attempt, boolean stored, Runnable letGo) {}
