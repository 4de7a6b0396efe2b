package dev.fetchback.server.intake;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.Scheduler;

/** Does something once a second while there are connections, and nothing at all while there are none. */
final class Looks implements Connection.Listener {
    private static final long SECONDS = 1;

    private final ServerConnector connector;
    private final Runnable look;
    private final AtomicBoolean scheduled = new AtomicBoolean();

    Looks(ServerConnector connector, Runnable look) {
        this.connector = connector;
        this.look = look;
    }

    @Override
    public void onOpened(Connection connection) {
        schedule();
    }

    private void schedule() {
        Scheduler scheduler = connector.getScheduler();
        if (scheduler.isRunning() && scheduled.compareAndSet(false, true)) {
            scheduler.schedule(this::run, SECONDS, TimeUnit.SECONDS);
        }
    }

    private void run() {
        look.run();
        scheduled.set(false); // before the check: a connection that opens in between schedules anew
        if (!connector.getConnectedEndPoints().isEmpty()) {
            schedule();
        }
    }
}
