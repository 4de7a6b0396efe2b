package dev.fetchback.outbound;

import java.io.IOException;

/** Finds out what an I/O error means: an interrupt, the watchdog, a budget used up, or the network. */
final class Failures {
    private Failures() {}

    /**
     * The exception types that sockets and TLS throw after a close vary too much to decide by them, so our own marks come first.
     */
    static ExchangeException of(Connection connection, IOException thrown, Kind otherwise, String detail)
            throws InterruptedException {
        if (Thread.interrupted()) {
            connection.close();
            throw new InterruptedException("interrupted during an exchange with " + connection.key().origin());
        }
        Kind verdict = connection.verdict();
        if (verdict != null) {
            return new ExchangeException(verdict, Verdicts.detail(verdict));
        }
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof BudgetExceeded exceeded) {
                return new ExchangeException(exceeded.kind(), Verdicts.detail(exceeded.kind()));
            }
        }
        return new ExchangeException(otherwise, detail);
    }
}
