package dev.fetchback.store.sqlite;

import dev.fetchback.task.Phase;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** How much there is, counted along with every change and stored with it. The writer's own, but for {@link #counts}. */
final class Ledger {
    private long waitingFetch;
    private long waitingProcess;
    private long waitingDeliver;
    private long running;
    private long dead;
    private long bodyBytes;
    private long deadBytes;
    private volatile Counts committed = new Counts(0, 0, 0, 0, 0, 0, 0);

    /**
     * The counters at one moment.
     *
     * @param deadBytes the part of {@code bodyBytes} that belongs to dead outcomes
     */
    record Counts(
            long waitingFetch, long waitingProcess, long waitingDeliver, long running, long dead, long bodyBytes, long deadBytes) {
        boolean sameRow(Counts other) {
            return waitingFetch == other.waitingFetch
                    && waitingProcess == other.waitingProcess
                    && waitingDeliver == other.waitingDeliver
                    && dead == other.dead
                    && bodyBytes == other.bodyBytes
                    && deadBytes == other.deadBytes;
        }
    }

    void load(Statements statements) throws SQLException {
        try (Statement statement = statements.connection().createStatement()) {
            try (ResultSet row = statement.executeQuery(
                    "SELECT waiting_fetch, waiting_deliver, dead, body_bytes, dead_bytes, waiting_process FROM total")) {
                waitingFetch = row.getLong(1);
                waitingDeliver = row.getLong(2);
                dead = row.getLong(3);
                bodyBytes = row.getLong(4);
                deadBytes = row.getLong(5);
                waitingProcess = row.getLong(6);
            }
            // Not stored: it changes with every commit, and there are only as many as were in flight.
            try (ResultSet row = statement.executeQuery("SELECT count(*) FROM running")) {
                running = row.getLong(1);
            }
        }
        publish();
    }

    /** As last committed; from any thread. */
    Counts counts() {
        return committed;
    }

    long deadBytes() {
        return deadBytes;
    }

    void entered(Phase phase) {
        count(phase, 1);
    }

    void left(Phase phase) {
        count(phase, -1);
    }

    void forgotDead(long tasks) {
        dead -= tasks;
    }

    void bodies(long bytes, boolean ofDead) {
        bodyBytes += bytes;
        if (ofDead) {
            deadBytes += bytes;
        }
    }

    void bodyDied(long bytes) {
        deadBytes += bytes;
    }

    /** Writes what changed. */
    void flush(Statements statements) throws SQLException {
        Counts now = now();
        if (now.sameRow(committed)) {
            return;
        }
        PreparedStatement update = statements.get(
                "UPDATE total SET waiting_fetch=?, waiting_deliver=?, dead=?, body_bytes=?, dead_bytes=?, waiting_process=? WHERE one=1");
        update.setLong(1, waitingFetch);
        update.setLong(2, waitingDeliver);
        update.setLong(3, dead);
        update.setLong(4, bodyBytes);
        update.setLong(5, deadBytes);
        update.setLong(6, waitingProcess);
        update.executeUpdate();
    }

    void publish() {
        committed = now();
    }

    void rollBack() {
        Counts before = committed;
        waitingFetch = before.waitingFetch;
        waitingProcess = before.waitingProcess();
        waitingDeliver = before.waitingDeliver;
        running = before.running;
        dead = before.dead;
        bodyBytes = before.bodyBytes;
        deadBytes = before.deadBytes;
    }

    private Counts now() {
        return new Counts(waitingFetch, waitingProcess, waitingDeliver, running, dead, bodyBytes, deadBytes);
    }

    private void count(Phase phase, int by) {
        switch (phase) {
            case FETCH_WAITING -> waitingFetch += by;
            case PROCESS_WAITING -> waitingProcess += by;
            case DELIVER_WAITING -> waitingDeliver += by;
            case FETCH_RUNNING, PROCESS_RUNNING, DELIVER_RUNNING -> running += by;
            case DEAD -> dead += by;
            case SUCCEEDED, FAILED, CANCELLED, EXPIRED -> {}
        }
    }
}
