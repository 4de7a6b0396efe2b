package dev.fetchback.store.postgres;

import dev.fetchback.store.BatchRecord;
import dev.fetchback.task.Phase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What a commit changes of how much there is: one row more that is to be added up. */
final class Tally {
    static final String COLUMNS = "waiting_fetch, waiting_process, waiting_deliver, running, dead, body_bytes, dead_bytes";
    static final String BATCH_COLUMNS = "accepted, succeeded, failed, dead, cancelled, expired";

    // The last statement of a commit: COMMIT itself is not limited.
    private static final String ADD = "INSERT INTO tally(" + COLUMNS + ")"
            + " SELECT ?,?,?,?,?,?,? FROM set_config('statement_timeout', '0', true)";
    private static final String ADD_BATCHES = "INSERT INTO batch_tally(batch, " + BATCH_COLUMNS + ") VALUES(?,?,?,?,?,?,?)";

    private final Map<Phase, Long> phases = new HashMap<>();
    private final Map<UUID, long[]> batches = new HashMap<>();
    private long bodyBytes;
    private long deadBytes;

    /** A new task, of a batch if that is not null. */
    void accepted(Phase phase, @Nullable UUID batch) {
        phases.merge(phase, 1L, Long::sum);
        if (batch != null) {
            of(batch)[0]++;
        }
    }

    void moved(Phase before, Phase after, @Nullable UUID batch) {
        phases.merge(before, -1L, Long::sum);
        phases.merge(after, 1L, Long::sum);
        if (batch != null) {
            finished(batch, before, -1);
            finished(batch, after, 1);
        }
    }

    void forgot(Phase phase) {
        phases.merge(phase, -1L, Long::sum);
    }

    void forgotDead(long tasks) {
        phases.merge(Phase.DEAD, -tasks, Long::sum);
    }

    void bodies(long bytes, boolean ofDead) {
        bodyBytes += bytes;
        deadBytes += ofDead ? bytes : 0;
    }

    void bodyDied(long bytes) {
        deadBytes += bytes;
    }

    void flush(Connection connection) throws SQLException {
        if (!batches.isEmpty()) {
            try (PreparedStatement add = connection.prepareStatement(ADD_BATCHES)) {
                for (UUID batch : batches.keySet().stream().sorted(Comparator.naturalOrder()).toList()) {
                    int at = 1;
                    add.setObject(at++, batch);
                    for (long by : of(batch)) {
                        add.setLong(at++, by);
                    }
                    add.addBatch();
                }
                add.executeBatch();
            }
        }
        try (PreparedStatement add = connection.prepareStatement(ADD)) {
            int at = 1;
            add.setLong(at++, count(Phase.FETCH_WAITING));
            add.setLong(at++, count(Phase.PROCESS_WAITING));
            add.setLong(at++, count(Phase.DELIVER_WAITING));
            add.setLong(at++, count(Phase.FETCH_RUNNING) + count(Phase.PROCESS_RUNNING) + count(Phase.DELIVER_RUNNING));
            add.setLong(at++, count(Phase.DEAD));
            add.setLong(at++, bodyBytes);
            add.setLong(at, deadBytes);
            add.executeUpdate();
        }
    }

    private long count(Phase phase) {
        return phases.getOrDefault(phase, 0L);
    }

    private void finished(UUID batch, Phase phase, int by) {
        if (phase.terminal()) {
            of(batch)[1 + BatchRecord.COUNTED.indexOf(phase)] += by;
        }
    }

    private long[] of(UUID batch) {
        return batches.computeIfAbsent(batch, fresh -> new long[1 + BatchRecord.COUNTED.size()]);
    }
}
