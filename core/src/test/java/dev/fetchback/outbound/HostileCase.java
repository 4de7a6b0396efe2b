package dev.fetchback.outbound;

import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One hostile server and how an exchange with it must end.
 *
 * @param transport what the script is put on
 * @param kinds the failures that are right; empty when an answer is
 * @param body of the answer; null when it does not matter
 * @param total the deadline of the exchange
 */
record HostileCase(
        String name,
        RawServer.Transport transport,
        RawServer.Script script,
        Set<Kind> kinds,
        @Nullable String body,
        Duration total) {
    /** Decoded bytes allowed. */
    static final int PAGE_MAX = 1 << 20;

    private static final Set<Kind> TIMES =
            Set.of(Kind.HEAD_TIMEOUT, Kind.IDLE_TIMEOUT, Kind.CONNECT_TIMEOUT, Kind.TOO_SLOW, Kind.DEADLINE);
    private static final long VOLUME_MILLIS = 10_000;
    private static final long HEAD_BYTES = 40 * 1024;
    /** More than twice the page, as BodyReader allows for framing, and one read of the largest buffer that a decoder has. */
    private static final long BODY_BYTES = 2 * PAGE_MAX + 256 * 1024;
    /** A TLS record more, and what the handshake took. */
    private static final long TLS_BYTES = 320 * 1024;

    static HostileCase fails(Kind kind, String name, RawServer.Script script) {
        return new HostileCase(name, RawServer.Transport.PLAIN, script, Set.of(kind), null, Fixture.TOTAL);
    }

    static HostileCase answers(String body, String name, RawServer.Script script) {
        return new HostileCase(name, RawServer.Transport.PLAIN, script, Set.of(), body, Fixture.TOTAL);
    }

    HostileCase over(RawServer.Transport other) {
        return new HostileCase(name + " over " + other, other, script, kinds, body, total);
    }

    HostileCase or(Kind... others) {
        Set<Kind> all = new java.util.HashSet<>(kinds);
        all.addAll(Set.of(others));
        return new HostileCase(name, transport, script, all, body, total);
    }

    HostileCase within(Duration deadline) {
        return new HostileCase(name, transport, script, kinds, body, deadline);
    }

    /** Whether it costs much of the processor, here or at its server: it does unless some time must end it. */
    boolean busy() {
        return kinds.isEmpty() || !TIMES.containsAll(kinds);
    }

    /**
     * Milliseconds until the limit strikes that must end it; a second more is allowed for noticing. What begins after a handshake may
     * take as long as that is allowed to before its own limit counts, as twenty handshakes at once do on a busy machine. What ends by a
     * count of bytes takes as long as a busy machine needs for them.
     */
    long limitMillis() {
        OutboundSettings.Timeouts limits = Fixture.SHORT;
        long longest = 0;
        for (Kind kind : kinds) {
            longest = Math.max(longest, switch (kind) {
                case HEAD_TIMEOUT -> limits.head().toMillis();
                case IDLE_TIMEOUT -> limits.idle().toMillis();
                case CONNECT_TIMEOUT -> limits.handshake().toMillis();
                case TOO_SLOW -> 2 * limits.rateWindow().toMillis();
                case DEADLINE -> total.toMillis();
                default -> VOLUME_MILLIS;
            });
        }
        boolean afterHandshake = transport != RawServer.Transport.PLAIN
                && transport != RawServer.Transport.BYTES
                && Set.of(Kind.HEAD_TIMEOUT, Kind.IDLE_TIMEOUT, Kind.TOO_SLOW).containsAll(kinds);
        return afterHandshake ? longest + limits.handshake().toMillis() : longest;
    }

    /** The most that may be read from the network. */
    long bytesMax() {
        boolean head = Set.of(Kind.HEADERS_TOO_LARGE, Kind.BAD_HTTP, Kind.HEAD_TIMEOUT, Kind.CONNECTION_LOST).containsAll(kinds)
                && !kinds.isEmpty();
        return (head ? HEAD_BYTES : BODY_BYTES)
                + (transport == RawServer.Transport.PLAIN ? 0 : TLS_BYTES);
    }

    @Override
    public String toString() {
        return name;
    }
}
