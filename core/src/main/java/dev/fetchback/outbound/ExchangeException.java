package dev.fetchback.outbound;

/** Ends an exchange from within; comes out as an {@link Exchange.Failure}. */
final class ExchangeException extends Exception {
    private static final long serialVersionUID = 1L;

    private final Kind kind;

    ExchangeException(Kind kind, String detail) {
        // No stack trace: this is how the network behaves, thousands of times a second on a bad day.
        super(detail, null, false, false);
        this.kind = kind;
    }

    Kind kind() {
        return kind;
    }

    Exchange.Failure failure() {
        return new Exchange.Failure(kind, String.valueOf(getMessage()));
    }
}
