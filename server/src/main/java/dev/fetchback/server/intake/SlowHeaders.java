package dev.fetchback.server.intake;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.eclipse.jetty.http.HttpParser;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.internal.HttpConnection;

/**
 * Closes connections whose header section takes too long: the idle timeout alone lets a client that sends a byte now and then
 * stay for hours. Looks at all connections once a second, from one thread.
 */
final class SlowHeaders {
    private final ServerConnector connector;
    private final long limitNanos;
    private final LongSupplier nanos;
    private Map<EndPoint, Long> suspects = new HashMap<>();

    SlowHeaders(ServerConnector connector, long limitNanos, LongSupplier nanos) {
        this.connector = connector;
        this.limitNanos = limitNanos;
        this.nanos = nanos;
    }

    /**
     * Looks once. The parser belongs to another thread, so what is read of it may be torn: a connection is closed only when it is
     * seen in the same header section twice.
     */
    void look() {
        Map<EndPoint, Long> seen = new HashMap<>();
        for (EndPoint endPoint : connector.getConnectedEndPoints()) {
            if (endPoint.getConnection() instanceof HttpConnection connection) {
                HttpParser parser = connection.getParser();
                long began = parser.getBeginNanoTime();
                boolean late = parser.inHeaderState() && !parser.isStart() && nanos.getAsLong() - began > limitNanos;
                if (late && Long.valueOf(began).equals(suspects.get(endPoint))) {
                    endPoint.close(new TimeoutException("the headers came too slowly"));
                } else if (late) {
                    seen.put(endPoint, began);
                }
            }
        }
        suspects = seen;
    }
}
