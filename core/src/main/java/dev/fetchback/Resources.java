package dev.fetchback;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;

/** What was started, closed in reverse order, once; a failure to close one thing does not keep the others open. */
final class Resources implements AutoCloseable {
    private static final Logger LOG = System.getLogger(Resources.class.getName());

    private final ArrayDeque<AutoCloseable> open = new ArrayDeque<>();

    synchronized <T extends AutoCloseable> T add(T resource) {
        open.push(resource);
        return resource;
    }

    @Override
    public synchronized void close() {
        while (!open.isEmpty()) {
            AutoCloseable resource = open.pop();
            try {
                resource.close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (Exception e) {
                LOG.log(Level.WARNING, "something did not close cleanly: " + resource.getClass().getName(), e);
            }
        }
    }
}
