package dev.fetchback.server.cli;

import dev.fetchback.server.config.Config;
import java.io.IOException;

/** Starts a server, or leaves nothing behind. */
@FunctionalInterface
public interface ServerStart {
    /**
     * Returns as soon as the server listens.
     *
     * @throws IOException saying in one line what could not be opened, and what to do
     */
    RunningServer start(Config config) throws IOException, InterruptedException;
}
