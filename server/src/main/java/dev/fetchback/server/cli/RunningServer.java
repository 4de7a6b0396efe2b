package dev.fetchback.server.cli;

/** A server that listens. */
public interface RunningServer extends AutoCloseable {
    /** The port it listens on; never 0. */
    int port();

    /** Drains and stops: takes nothing new, finishes or hands back what is in flight, releases the store. May be called twice. */
    @Override
    void close();
}
