package dev.fetchback.store.postgres;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/** A way to a server that can be cut, or go silent, and be mended. */
public final class Wire implements Closeable {
    private static final int PUMPS_MAX = 1_000;

    private final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int target;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    /** All of them are taken while it is silent. */
    private final Semaphore silent = new Semaphore(PUMPS_MAX, true);
    private volatile boolean cut;

    /** @param target the server's port */
    public Wire(int target) throws IOException {
        this.target = target;
        Thread.ofVirtual().start(this::accept);
    }

    /** The same URL by this way. */
    public String through(String url) {
        return url.replaceFirst("//[^/]*/", "//127.0.0.1:" + socket.getLocalPort() + "/");
    }

    /** Ends all connections, and those that come, by a reset. */
    public void cut() {
        cut = true;
        open.forEach(Wire::reset);
    }

    /** Carries nothing any more, and says nothing of it. */
    public void silence() {
        silent.acquireUninterruptibly(PUMPS_MAX);
    }

    /** Carries what comes, and what was held back. */
    public void mend() {
        cut = false;
        silent.release(PUMPS_MAX - silent.availablePermits());
    }

    private void accept() {
        while (!socket.isClosed()) {
            try {
                Socket client = socket.accept();
                open.add(client);
                if (cut) {
                    reset(client);
                    continue;
                }
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                open.add(server);
                pump(client, server);
                pump(server, client);
            } catch (IOException e) {
                // It is being closed, or the server is away.
            }
        }
    }

    private void pump(Socket from, Socket to) {
        Thread.ofVirtual().start(() -> {
            try (InputStream in = from.getInputStream(); OutputStream out = to.getOutputStream()) {
                byte[] some = new byte[8192];
                for (int n = in.read(some); n >= 0; n = in.read(some)) {
                    silent.acquireUninterruptibly();
                    silent.release();
                    out.write(some, 0, n);
                }
            } catch (IOException e) {
                // One side is gone: so is the other.
            } finally {
                end(from);
                end(to);
                open.remove(from);
                open.remove(to);
            }
        });
    }

    private static void reset(Socket one) {
        try {
            one.setSoLinger(true, 0);
        } catch (IOException e) {
            // It is closed already.
        }
        end(one);
    }

    private static void end(Socket one) {
        try {
            one.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
        mend();
        cut();
    }
}
