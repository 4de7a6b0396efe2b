package dev.fetchback.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Change.IdempotencyKey;
import dev.fetchback.store.Change.Move;
import dev.fetchback.store.Change.Submit;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Event;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.Header;
import dev.fetchback.task.Ids;
import dev.fetchback.task.Page;
import dev.fetchback.task.Problem;
import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.Task;
import dev.fetchback.task.Task.Plan;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskMachine;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.task.TaskSpec.Request;
import dev.fetchback.task.TaskSpec.Schedule;
import dev.fetchback.task.TaskSpec.Tags;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

/**
 * What the parts of the contract suite share: a store that can be opened again, a clock, and tasks. An engine says how to
 * open it.
 */
public abstract class StoreFixture {
    /** The time of the fake clock. */
    protected long now = 1_800_000_000_000L;

    protected final TaskMachine machine = new TaskMachine(RetryPolicy.DEFAULT);
    protected final Ids ids = new Ids(0, 0, () -> now, new Random(7));
    protected Retention retention = Retention.DEFAULT;
    private @Nullable Store open;

    /** Opens the engine on the same data each time; the one before is closed by then. */
    protected abstract Store open(Retention forgets) throws Exception;

    @AfterEach
    void closeStore() {
        if (open != null) {
            open.close();
            open = null;
        }
    }

    protected Store store() {
        if (open == null) {
            try {
                open = open(retention);
            } catch (Exception e) {
                throw new AssertionError("the store did not open", e);
            }
        }
        return open;
    }

    protected Store reopen() {
        closeStore();
        return store();
    }

    protected static final String RECEIVER = "rcv_0123456789abcdef";

    protected Plan plan(String host) {
        return new Plan(host, RECEIVER, 5, 3, 10, 0, 0);
    }

    /** A plan whose page is processed. */
    protected Plan processing(String host) {
        return new Plan(host, RECEIVER, 5, 3, 10, 0, 0, true, null);
    }

    protected TaskSpec spec(String host) {
        return TaskSpec.get("https://" + host + "/p", DeliverOptions.to("https://api.me/hooks"));
    }

    protected Task task(String host) {
        return task(plan(host), now);
    }

    protected Task task(Plan plan, long readyAt) {
        return Task.submitted(ids.task(), plan, readyAt, store().epoch());
    }

    protected Submit submit(Task task) {
        return new Submit(task, spec(task.plan().host()), null);
    }

    protected Submit submit(Task task, @Nullable BatchId batch, @Nullable IdempotencyKey key) {
        TaskSpec plain = spec(task.plan().host());
        return new Submit(
                task,
                new TaskSpec(plain.url(), plain.request(), plain.fetch(), List.of(), plain.deliver(), plain.schedule(),
                        new Tags("team", batch, List.of("nightly"), Map.of())),
                key);
    }

    protected Task next(Task task, Event event) {
        return machine.next(task, event, now, 0.5).orElseThrow(() -> new AssertionError(event + " in " + task));
    }

    protected Task started(Task task) {
        return next(task, new Event.Start(store().epoch()));
    }

    protected Result apply(Change change) {
        return store().commit(List.of(change)).getFirst();
    }

    protected void applied(Change change) {
        assertThat(apply(change)).isEqualTo(Result.Applied.APPLIED);
    }

    /** Moves by an event, and returns the task as it stands then. */
    protected Task moved(Task before, Event event) {
        return moved(before, event, null);
    }

    protected Task moved(Task before, Event event, byte @Nullable [] body) {
        Task after = next(before, event);
        applied(new Move(before, after, body));
        return after;
    }

    /** A task submitted as begun. */
    protected Task running(String host) {
        Task task = started(task(host));
        applied(submit(task));
        return task;
    }

    protected Page page(long bytes) {
        List<Header> headers = List.of(new Header("content-type", "text/html"), new Header("x", "é\"\\"));
        return new Page(200, "https://a.example/p?x=ä", headers, "text/html", bytes, "ab".repeat(32), now, 12);
    }

    protected static Problem problem() {
        return new Problem("timeout", "The server took longer than 60 s.", 0);
    }

    /** A task whose outcome no receiver took. */
    protected Task dead(String host, byte @Nullable [] body) {
        Plan once = new Plan(host, RECEIVER, 5, 1, 1, 0, 0);
        Task begun = started(task(once, now));
        applied(submit(begun));
        return body == null
                ? moved(started2(moved(begun, new Event.FetchFailed(problem(), false, 0))), new Event.Refused(problem(), 0))
                : moved(begun, new Event.PageRefused(page(body.length), problem(), 0), body);
    }

    /** Starts a waiting task, also in the store. */
    protected Task started2(Task waiting) {
        return moved(waiting, new Event.Start(store().epoch()));
    }

    protected Task stored(TaskId id) {
        return store().find(id).orElseThrow(() -> new AssertionError(id + " is not there")).task();
    }

    protected Optional<byte[]> body(TaskId id, long offset) {
        return store().body(id, offset, Long.MAX_VALUE).map(stream -> {
            try (InputStream in = stream) {
                return in.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    protected byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    protected TaskQuery all(int limit) {
        return new TaskQuery(null, java.util.Set.of(), null, null, null, 0, null, limit);
    }

    /** A spec and a plan in which nothing has its default. */
    protected static Codec.Facts unusual(BatchId batch) {
        return new Codec.Facts(
                new Plan("b.example:8443", RECEIVER, 9, 7, 4, 1_900_000_000_000L, 3_600_000, true, "page key"),
                new TaskSpec(
                        "https://b.example:8443/ä?q=\"1\"",
                        new Request("POST", List.of(new Header("x-a", "1"), new Header("x-a", "2")), "{\"a\":\u0001}"),
                        new FetchOptions(Duration.ofMillis(1234), 99, 0, 7,
                                new dev.fetchback.task.StatusSet(List.of("2xx", "404")), FetchOptions.Robots.IGNORE, true),
                        List.of(ProcessorUse.of("text"), new ProcessorUse("select", "prices", "{\"css\":\"h1 \\u00e9\"}",
                                ProcessorUse.OnError.DELIVER, Duration.ofMillis(1500))),
                        new DeliverOptions("http://r/", DeliverOptions.Mode.RAW, List.of(new Header("h", "v")), "whsec_AAAA",
                                Duration.ofSeconds(3), 4, DeliverOptions.Spool.ALWAYS),
                        new Schedule(1_800_000_000_001L, 1_900_000_000_000L, 9, Duration.ofDays(2)),
                        new Tags("team", batch, List.of("l1", "l 2"), Map.of("order", "42 \uD83D\uDE00"))));
    }
}
