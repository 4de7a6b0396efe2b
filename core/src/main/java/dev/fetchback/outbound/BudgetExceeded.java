package dev.fetchback.outbound;

import java.io.IOException;

/** More bytes came from the network than this part of the exchange may take. */
final class BudgetExceeded extends IOException {
    private static final long serialVersionUID = 1L;

    private final Kind kind;

    BudgetExceeded(Kind kind) {
        super(kind.code());
        this.kind = kind;
    }

    Kind kind() {
        return kind;
    }
}
