package dev.fetchback.outbound;

import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/** Opens connections to addresses that were vetted before; TLS is checked against the target's name, never the address's. */
final class Connector {
    private static final String[] TLS_VERSIONS = {"TLSv1.3", "TLSv1.2"};
    /** Chains of certificates are some 5 KB, of careless servers 20 KB and more. */
    private static final long HANDSHAKE_BYTES_MAX = 256 * 1024;

    private final SSLContext tls;
    private final Watchdog watchdog;
    private final OpenConnections open;
    private final ConnectionPool pool;
    private final LongSupplier nanos;
    private final long connectNanos;

    Connector(
            SSLContext tls,
            Watchdog watchdog,
            OpenConnections open,
            ConnectionPool pool,
            LongSupplier nanos,
            long connectNanos) {
        this.tls = tls;
        this.watchdog = watchdog;
        this.open = open;
        this.pool = pool;
        this.nanos = nanos;
        this.connectNanos = connectNanos;
    }

    /** A fresh connection, for the caller to give to the pool or to discard. */
    Connection open(Target target, PoolKey key, long deadline) throws ExchangeException, InterruptedException {
        long left = Math.min(connectNanos, deadline - nanos.getAsLong());
        if (left <= 0) {
            throw new ExchangeException(Kind.DEADLINE, Verdicts.detail(Kind.DEADLINE));
        }
        Connection connection;
        try {
            pool.makeRoom(1);
            connection = open.create(key);
        } catch (IOException e) {
            throw new ExchangeException(Kind.CONNECT_FAILED, "no socket could be opened; is the limit of open files too low?");
        }
        boolean done = false;
        try {
            if (!open.add(connection)) {
                throw new ExchangeException(Kind.CLOSED, Verdicts.detail(Kind.CLOSED));
            }
            pool.makeRoom(0); // others may have been opened in the same room
            connect(connection, target, key.address(), deadline, left);
            if (target.secure()) {
                secure(connection, target);
            }
            done = true;
            return connection;
        } finally {
            if (!done) {
                open.discard(connection);
            }
        }
    }

    private void connect(Connection connection, Target target, InetAddress address, long deadline, long left)
            throws ExchangeException, InterruptedException {
        connection.begin(Connection.Phase.CONNECT, deadline);
        watchdog.wake();
        try {
            connection.connect(address, target.port(), (int) Math.max(TimeUnit.NANOSECONDS.toMillis(left), 1));
        } catch (SocketTimeoutException e) {
            boolean over = deadline - nanos.getAsLong() <= 0;
            throw new ExchangeException(
                    over ? Kind.DEADLINE : Kind.CONNECT_TIMEOUT,
                    over ? Verdicts.detail(Kind.DEADLINE) : target.hostPort() + " did not take the connection in time");
        } catch (IOException e) {
            throw Failures.of(connection, e, Kind.CONNECT_FAILED, "no connection to " + target.hostPort());
        }
    }

    private void secure(Connection connection, Target target) throws ExchangeException, InterruptedException {
        connection.enter(Connection.Phase.HANDSHAKE);
        connection.budget(HANDSHAKE_BYTES_MAX, Kind.TLS_FAILED);
        try {
            SSLSocket socket = (SSLSocket) tls.getSocketFactory()
                    .createSocket(new ChannelSocket(connection, target.port()), target.certificateName(), target.port(), false);
            socket.setSSLParameters(parameters(socket.getSSLParameters(), target));
            socket.startHandshake();
            connection.layer(socket.getInputStream(), socket.getOutputStream());
        } catch (SSLException e) {
            boolean untrusted = untrusted(e);
            throw Failures.of(
                    connection,
                    e,
                    untrusted ? Kind.TLS_UNTRUSTED : Kind.TLS_FAILED,
                    untrusted
                            ? "the certificate of " + target.hostPort() + " is not valid for it"
                            : "the TLS handshake with " + target.hostPort() + " failed");
        } catch (IOException e) {
            throw Failures.of(connection, e, Kind.TLS_FAILED, "the TLS handshake with " + target.hostPort() + " was cut off");
        }
    }

    private static SSLParameters parameters(SSLParameters parameters, Target target) {
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        parameters.setProtocols(TLS_VERSIONS);
        if (target.literal() == null) {
            try {
                parameters.setServerNames(List.of(new SNIHostName(target.certificateName())));
            } catch (IllegalArgumentException e) {
                // A name with an underscore cannot be sent as SNI (RFC 6066 §3), and Java refuses to check a certificate against
                // it.
                parameters.setServerNames(List.of());
            }
        }
        return parameters;
    }

    private static boolean untrusted(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException || cause instanceof CertPathValidatorException) {
                return true;
            }
        }
        return false;
    }
}
