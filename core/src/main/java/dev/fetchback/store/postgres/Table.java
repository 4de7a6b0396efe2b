package dev.fetchback.store.postgres;

import dev.fetchback.store.Codec;
import dev.fetchback.store.postgres.Columns.Type;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** The tables that tasks are rows of, and what they have beside id, batch and facts. */
enum Table {
    RUNNING("running", List.of("shard"), Type.INT),
    WAITING("waiting", List.of("shard", "priority", "ready_at", "queue"), Type.INT, Type.INT, Type.LONG, Type.TEXT),
    DONE("done", List.of("at", "span"), Type.LONG, Type.INT),
    KEPT("kept", List.of("at", "until"), Type.LONG, Type.LONG);

    /** Priorities are 0 to this. */
    static final int PRIORITY_MAX = 9;

    private final String sql;
    private final List<String> names;
    private final List<Type> types;

    Table(String sql, List<String> more, Type... types) {
        this.sql = sql;
        this.names = joined(List.of("attempt", "epoch", "phase", "progress"), more);
        this.types = joined(List.of(Type.INT, Type.INT, Type.INT, Type.BYTES), List.of(types));
    }

    private static <T> List<T> joined(List<T> first, List<T> second) {
        List<T> both = new ArrayList<>(first);
        both.addAll(second);
        return List.copyOf(both);
    }

    String sql() {
        return sql;
    }

    /** The columns' names. */
    List<String> names() {
        return names;
    }

    List<Type> types() {
        return types;
    }

    /** Where a task is that stands like this; of a finished one it is where it goes, see {@link #placed}. */
    static Table of(Phase phase) {
        return switch (phase) {
            case FETCH_RUNNING, PROCESS_RUNNING, DELIVER_RUNNING -> RUNNING;
            case FETCH_WAITING, PROCESS_WAITING, DELIVER_WAITING -> WAITING;
            case DEAD -> KEPT;
            case SUCCEEDED, FAILED, CANCELLED, EXPIRED -> DONE;
        };
    }

    /** Where a task goes: a finished one that is wanted for longer than its span is not put there. */
    static Table placed(Task task, long finishedKept) {
        return of(task.phase()) == DONE && pageUntil(task) > task.progress().finishedAt() + finishedKept ? KEPT : of(task.phase());
    }

    /**
     * The values of a task's row, in the order of {@link #names}.
     *
     * @param span of what finishes now
     * @param finishedKept how long finished tasks are kept, milliseconds
     */
    @Nullable Object[] row(Task task, int span, long finishedKept) {
        int attempt = task.fence().attempt();
        int epoch = task.fence().epoch();
        int phase = task.phase().code();
        long at = task.progress().finishedAt();
        return switch (this) {
            case RUNNING -> new @Nullable Object[] {attempt, epoch, phase, Codec.liveProgress(task), Shards.of(task)};
            case WAITING -> new @Nullable Object[] {
                attempt, epoch, phase, Codec.liveProgress(task), Shards.of(task), priority(task), task.readyAt(), task.queue()
            };
            case DONE -> new @Nullable Object[] {attempt, epoch, phase, Codec.progress(task.progress()), at, span};
            case KEPT -> new @Nullable Object[] {
                attempt, epoch, phase, Codec.progress(task.progress()), at, Math.max(pageUntil(task), at + finishedKept)
            };
        };
    }

    static int priority(Task task) {
        return Math.clamp(task.plan().priority(), 0, PRIORITY_MAX);
    }

    private static long pageUntil(Task task) {
        return task.progress().outcome() instanceof Outcome.Fetched fetched ? fetched.storedUntil() : 0;
    }

    /** Asks for the newest id of all tasks and batches. */
    static String newest() {
        StringJoiner all = new StringJoiner(" UNION ALL ", "SELECT id FROM (", ") ids ORDER BY id DESC LIMIT 1");
        for (Table table : values()) {
            all.add("(SELECT id FROM " + table.sql() + " ORDER BY id DESC LIMIT 1)");
        }
        all.add("(SELECT id FROM batch ORDER BY id DESC LIMIT 1)");
        return all.toString();
    }
}
