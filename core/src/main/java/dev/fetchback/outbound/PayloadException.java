package dev.fetchback.outbound;

import java.io.IOException;

/** The body of a request could not be read, so the request cannot be finished. */
final class PayloadException extends IOException {
    private static final long serialVersionUID = 1L;

    PayloadException(String message, IOException cause) {
        super(message, cause);
    }
}
