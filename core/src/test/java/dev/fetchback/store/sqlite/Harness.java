package dev.fetchback.store.sqlite;

import dev.fetchback.store.Change;
import dev.fetchback.store.Change.Move;
import dev.fetchback.store.Change.Submit;
import dev.fetchback.store.Retention;
import dev.fetchback.store.Store;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Event;
import dev.fetchback.task.Page;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.Task;
import dev.fetchback.task.Task.Plan;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskMachine;
import dev.fetchback.task.TaskSpec;
import java.nio.file.Path;
import java.util.List;

/** Tasks numbered by their ids, for tests that count what is left. */
final class Harness {
    static final long TIME = 1_800_000_000_000L;
    private static final TaskMachine MACHINE = new TaskMachine(RetryPolicy.DEFAULT);

    private Harness() {}

    /** Small caches and a small reserve, so that opening costs little. */
    static SqliteSettings settings(Path dir) {
        return new SqliteSettings(dir, Retention.DEFAULT, limits(Long.MAX_VALUE, 64 << 20), SqliteSettings.Segmenting.DEFAULT,
                () -> TIME);
    }

    static SqliteSettings.Limits limits(long maxBytes, long walBytes) {
        return new SqliteSettings.Limits(maxBytes, 1 << 20, walBytes, 8 << 20, 2, 1 << 20);
    }

    static TaskId id(int n) {
        return new TaskId(TIME + n << 16, n);
    }

    /** The stored form of an id, as SQL has it. */
    static String hex(int n) {
        return java.util.HexFormat.of().formatHex(Statements.id(id(n)));
    }

    static Submit waiting(int n, int epoch) {
        return submit(Task.submitted(id(n), new Plan("a.example:443", "rcv_1", 5, 3, 10, 0, 0), TIME, epoch));
    }

    static Submit begun(int n, int epoch) {
        return submit(start(waiting(n, epoch).task(), epoch));
    }

    static Submit submit(Task task) {
        return new Submit(task, TaskSpec.get("https://a.example/" + task.id().low(), DeliverOptions.to("https://r/")), null);
    }

    static Task start(Task task, int epoch) {
        return MACHINE.next(task, new Event.Start(epoch), TIME, 0.5).orElseThrow();
    }

    static Move delivered(Task task) {
        return move(task, new Event.PageDelivered(page(1)), null);
    }

    static Move stored(Task task, byte[] body) {
        return move(task, new Event.PageStored(page(body.length)), body);
    }

    static Move move(Task task, Event event, byte[] body) {
        return new Move(task, MACHINE.next(task, event, TIME, 0.5).orElseThrow(), body);
    }

    static Page page(long bytes) {
        return new Page(200, "https://a.example/", List.of(), "text/html", bytes, "ab".repeat(32), TIME, 1);
    }

    static void commit(Store store, Change... changes) {
        store.commit(List.of(changes));
    }
}
