package dev.fetchback.store.sqlite;

import dev.fetchback.store.StoredTask;
import dev.fetchback.store.TaskPage;
import dev.fetchback.store.TaskQuery;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Phase;
import dev.fetchback.task.TaskId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Lists tasks, newest first. Dead and failed ones and those of a batch are found by an index; for anything else the tasks are
 * walked until the page is full or the budget is used up.
 */
final class Listing {
    /** Rows walked for one page: about 50 ms. */
    static final int BUDGET = 20_000;

    private static final int CHUNK = 500; // rows of one statement, so that no read holds back a checkpoint for long
    /** Of what one statement reads: a spec may have a mebibyte, so that {@link #CHUNK} of them would not fit in memory. */
    private static final int CHUNK_BYTES = 4 << 20;
    /** Of all that is read for one page; large ones that do not match take time, not memory. */
    static final int BUDGET_BYTES = 64 << 20;
    private static final Set<Phase> LISTED = EnumSet.of(Phase.DEAD, Phase.FAILED);
    private static final byte[] ABOVE_ALL = Statements.id(-1, -1);
    private static final byte[] BELOW_ALL = Statements.id(0, 0);
    private static final long TIME_TAIL = 0xffff; // the bits of an id's high half below its time

    private final Segments segments;

    Listing(Segments segments) {
        this.segments = segments;
    }

    TaskPage page(Statements statements, TaskQuery query) throws SQLException {
        Walk walk = new Walk(query);
        List<Segment> all = segments.all();
        for (int i = all.size() - 1; i >= 0 && !walk.over(); i--) {
            walkSegment(statements, query, all.get(i), walk);
        }
        return new TaskPage(walk.found, walk.over() ? walk.last : null);
    }

    private static void walkSegment(Statements statements, TaskQuery query, Segment segment, Walk walk) throws SQLException {
        byte[] low = after(query.createdAfter());
        if (segment.drained() != null && Arrays.compareUnsigned(segment.drained(), low) > 0) {
            low = segment.drained();
        }
        byte @Nullable [] high = walk.last == null ? ABOVE_ALL : Statements.id(walk.last);
        while (high != null && !walk.over()) {
            Run run = chunk(statements, query, segment, high, low);
            for (TaskRow row : run.rows()) {
                walk.look(row);
                if (walk.over()) {
                    return;
                }
            }
            high = run.cutAt();
        }
    }

    private static Run chunk(Statements statements, TaskQuery query, Segment segment, byte[] high, byte[] low)
            throws SQLException {
        BatchId batch = query.batch();
        if (batch != null) {
            PreparedStatement find = statements.get(segment.sql().listBatch());
            find.setBytes(1, Statements.id(batch.high(), batch.low()));
            return rows(find, 2, high, low);
        }
        if (!query.phases().isEmpty() && LISTED.containsAll(query.phases())) {
            return listed(statements, query.phases(), segment, high, low);
        }
        return rows(statements.get(segment.sql().listAll()), 1, high, low);
    }

    /** One ordered run for each phase, merged; it ends where the first of them was cut, as more may follow there. */
    private static Run listed(Statements statements, Set<Phase> phases, Segment segment, byte[] high, byte[] low)
            throws SQLException {
        List<TaskRow> merged = new ArrayList<>();
        byte[] cutAt = null;
        for (Phase phase : phases) {
            PreparedStatement find = statements.get(segment.sql().listPhase());
            find.setInt(1, phase.code());
            Run run = rows(find, 2, high, low);
            merged.addAll(run.rows());
            byte[] cut = run.cutAt();
            if (cut != null && (cutAt == null || Arrays.compareUnsigned(cut, cutAt) > 0)) {
                cutAt = cut;
            }
        }
        byte[] end = cutAt;
        if (end != null) {
            merged.removeIf(row -> Arrays.compareUnsigned(row.id(), end) < 0);
        }
        merged.sort((a, b) -> Arrays.compareUnsigned(b.id(), a.id()));
        return new Run(merged, end);
    }

    private static Run rows(PreparedStatement find, int at, byte[] high, byte[] low) throws SQLException {
        find.setBytes(at, high);
        find.setBytes(at + 1, low);
        find.setInt(at + 2, CHUNK);
        List<TaskRow> rows = new ArrayList<>();
        long bytes = 0;
        int count = 0;
        byte[] last = null;
        try (ResultSet row = find.executeQuery()) {
            while (bytes < CHUNK_BYTES && row.next()) {
                count++;
                last = TaskRow.id(row);
                TaskRow read = TaskRow.read(row);
                if (read != null) {
                    rows.add(read);
                    bytes += read.bytes();
                }
            }
        }
        return new Run(rows, count == CHUNK || bytes >= CHUNK_BYTES ? last : null);
    }

    /**
     * What one statement found.
     *
     * @param cutAt the id after which there may be more; null when this was all
     */
    private record Run(List<TaskRow> rows, byte @Nullable [] cutAt) {}

    /** The greatest id of a time. */
    private static byte[] after(long createdAfter) {
        return createdAfter <= 0 ? BELOW_ALL : Statements.id(createdAfter << 16 | TIME_TAIL, -1);
    }

    /** One page as it fills. */
    private static final class Walk {
        private final TaskQuery query;
        private final int limit;
        private final List<StoredTask> found = new ArrayList<>();
        private int looked;
        private long lookedBytes;
        private long foundBytes;
        private @Nullable TaskId last;

        Walk(TaskQuery query) {
            this.query = query;
            this.limit = Math.clamp(query.limit(), 1, TaskQuery.LIMIT_MAX);
            this.last = query.before();
        }

        boolean over() {
            return found.size() >= limit || foundBytes >= TaskQuery.PAGE_BYTES || looked >= BUDGET
                    || lookedBytes >= BUDGET_BYTES;
        }

        void look(TaskRow row) {
            looked++;
            lookedBytes += row.bytes();
            last = Statements.taskId(row.id());
            if (!query.phases().isEmpty() && !query.phases().contains(row.phase())) {
                return;
            }
            StoredTask task = row.decode();
            if (query.matches(task)) {
                found.add(task);
                foundBytes += row.bytes();
            }
        }
    }
}
