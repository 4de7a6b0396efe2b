package dev.fetchback.outbound;

/** What is said of an exchange that was ended from outside. */
final class Verdicts {
    private Verdicts() {}

    static String detail(Kind kind) {
        return switch (kind) {
            case DEADLINE -> "the exchange did not end within the time it was given";
            case CONNECT_TIMEOUT -> "the TLS handshake did not end in time";
            case HEAD_TIMEOUT -> "the server did not send the head of an answer in time";
            case IDLE_TIMEOUT -> "nothing was sent or received for too long";
            case TOO_SLOW -> "the body came slower than " + OutboundSettings.Timeouts.MIN_RATE + " bytes a second";
            case CLOSED -> "the server is shutting down";
            case HEADERS_TOO_LARGE -> "the head of the answer is larger than " + ResponseHead.BYTES_MAX + " bytes";
            case TOO_LARGE -> "the answer is larger than allowed, or has more than twice as many bytes on the wire as come of it";
            default -> kind.code();
        };
    }
}
