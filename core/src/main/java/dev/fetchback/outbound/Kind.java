package dev.fetchback.outbound;

/** Why an exchange did not give an answer. */
public enum Kind {
    /** The URL cannot be used. */
    BAD_URL(false),
    /** An address of the host may not be connected to; says nothing about the network behind it. */
    BLOCKED_ADDRESS(false),
    /** The name has no address, or the name servers did not answer in time. */
    DNS_FAILED(true),
    /** No connection: refused, unreachable. */
    CONNECT_FAILED(true),
    /** No connection in time, or no end of the TLS handshake. */
    CONNECT_TIMEOUT(true),
    /** The TLS handshake failed, or TLS broke later. */
    TLS_FAILED(true),
    /** The server's certificate is not valid for its name. */
    TLS_UNTRUSTED(false),
    /** The head of the answer did not come in time. */
    HEAD_TIMEOUT(true),
    /** No byte went either way for too long. */
    IDLE_TIMEOUT(true),
    /** The answer came slower than the least rate. */
    TOO_SLOW(true),
    /** The request's own deadline passed. */
    DEADLINE(true),
    /** The connection ended before the head of an answer was there. */
    CONNECTION_LOST(true),
    /** The body ended before its announced end. */
    TRUNCATED(true),
    /** The body is larger than the request allows. */
    TOO_LARGE(false),
    /** More redirects than the request allows. */
    TOO_MANY_REDIRECTS(false),
    /** A redirect led back to where it came from. */
    REDIRECT_LOOP(false),
    /** A redirect led to something that is no web page, or from https to http. */
    REDIRECT_BLOCKED(false),
    /** The answer is not HTTP/1.x as RFC 9112 has it. */
    BAD_HTTP(false),
    /** The head of the answer is too large, or has too many fields or interim answers. */
    HEADERS_TOO_LARGE(false),
    /** The body's content coding is unknown, doubled or broken. */
    BAD_ENCODING(false),
    /** Whoever took the body could not: a full disk, for example. */
    SINK_FAILED(true),
    /** The robots.txt of a hop's server does not allow the hop; said by a {@link HopCheck}. */
    ROBOTS_DENIED(false),
    /** The robots.txt of a hop's server could not be read, so nothing there is allowed; said by a {@link HopCheck}. */
    ROBOTS_UNREACHABLE(true),
    /** The host of a hop takes no more requests just now; said by a {@link HopCheck}. */
    HOST_BUSY(true),
    /** The outbound side was closed. */
    CLOSED(true);

    private static final Kind[] KINDS = values();

    private final String code;
    private final boolean retryable;

    Kind(boolean retryable) {
        this.code = name().toLowerCase(java.util.Locale.ROOT);
        this.retryable = retryable;
    }

    /** Stable, for callers: the name in lower case. */
    public String code() {
        return code;
    }

    /** Whether another try may help. */
    public boolean retryable() {
        return retryable;
    }

    static Kind of(int ordinal) {
        return KINDS[ordinal];
    }
}
