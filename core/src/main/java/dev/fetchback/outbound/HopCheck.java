package dev.fetchback.outbound;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Asked before each hop of an exchange, the first one included, whether it may be made. */
@FunctionalInterface
public interface HopCheck {
    /** Every hop may be made. */
    HopCheck NONE = (_, _) -> null;

    /**
     * Called before the hop's name is resolved; no connection of the exchange is in use meanwhile.
     *
     * @param hop where the next request goes
     * @param left what is left of the exchange's time; an answer that comes later is of no use
     * @return null to go on, or the failure that the exchange ends with; nothing is sent to the hop then
     * @throws AddressBusy when finding out would have to wait for a place at an address; the exchange ends with it
     */
    Exchange.@Nullable Failure refusal(Target hop, Duration left) throws AddressBusy, InterruptedException;
}
