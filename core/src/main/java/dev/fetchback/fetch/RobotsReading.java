package dev.fetchback.fetch;

import dev.fetchback.outbound.Exchange;

/** What one try to read a robots.txt came to. */
sealed interface RobotsReading {
    /**
     * It is known what may be fetched: the file was read, or there is none (RFC 9309 §2.3.1.1 to §2.3.1.3).
     *
     * @param keepMillis how long that holds
     */
    record Read(RobotsRules rules, long keepMillis) implements RobotsReading {}

    /**
     * It is not known, so nothing may be fetched (RFC 9309 §2.3.1.4).
     *
     * @param failure what a fetch ends with that needs to know
     * @param remembered whether the server is left alone for a while; not when the page would have met the same
     * @param notBefore what the server asked for (Retry-After), Unix milliseconds; 0 for nothing
     */
    record Unreadable(Exchange.Failure failure, boolean remembered, long notBefore) implements RobotsReading {}
}
