package dev.fetchback.outbound;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketImpl;

/**
 * A connection as the socket that TLS is layered over, so that its bytes are counted below TLS. Everything that TLS asks is
 * answered here: what {@link Socket} answers itself it would first open a socket of its own for, which nobody closes.
 */
final class ChannelSocket extends Socket {
    private final Connection connection;
    private final int port;

    ChannelSocket(Connection connection, int port) throws SocketException {
        super((SocketImpl) null);
        this.connection = connection;
        this.port = port;
    }

    @Override
    public InputStream getInputStream() {
        return connection.rawIn();
    }

    @Override
    public OutputStream getOutputStream() {
        return connection.rawOut();
    }

    @Override
    public InetAddress getInetAddress() {
        return connection.key().address();
    }

    /** A part of the key under which TLS keeps its sessions. */
    @Override
    public int getPort() {
        return port;
    }

    @Override
    public boolean isConnected() {
        return true;
    }

    @Override
    public boolean isClosed() {
        return !connection.open();
    }

    @Override
    public boolean isInputShutdown() {
        return !connection.open();
    }

    @Override
    public boolean isOutputShutdown() {
        return !connection.open();
    }

    @Override
    public int getSoTimeout() {
        return 0;
    }

    @Override
    public void setSoTimeout(int timeout) {
        // The watchdog bounds every read.
    }

    @Override
    public void shutdownInput() throws IOException {
        connection.close();
    }

    @Override
    public void shutdownOutput() throws IOException {
        connection.close();
    }

    @Override
    public void close() {
        connection.close();
    }
}
