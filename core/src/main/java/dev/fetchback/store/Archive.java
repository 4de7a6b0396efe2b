package dev.fetchback.store;

import dev.fetchback.store.StoreException.Kind;
import dev.fetchback.task.Event;
import dev.fetchback.task.Phase;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskMachine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Moves all that a store holds to another one, of whatever engine, by way of a file. The store that is written to takes the tasks as it takes
 * any: by submits and moves, each in one commit with the other, so an import that was killed is begun again and leaves out what is there.
 */
public final class Archive {
    private static final int CHANGES = 500; // a commit's
    private static final int BYTES = 8 << 20; // of bodies in one commit
    private static final int PIECE = 1 << 18;
    private static final Duration ASK_AGAIN = Duration.ofMillis(200);

    private final Store store;
    private final long now;
    private final LongConsumer progress;
    private final Count count = new Count();
    private final TaskMachine machine = new TaskMachine(RetryPolicy.DEFAULT);
    private final List<Change> submits = new ArrayList<>();
    private final List<Change> moves = new ArrayList<>();
    private final List<Change> restores = new ArrayList<>();
    private long bytes;

    /** What was moved. */
    public record Moved(long tasks, long bodies, long receivers, long batches, long keys, long pages) {}

    /** What a store needs besides. */
    private static final class Count {
        private long tasks;
        private long bodies;
        private long receivers;
        private long batches;
        private long keys;
        private long pages;

        private void add(Aside aside) {
            switch (aside) {
                case Aside.Key key -> keys++;
                case Aside.Page page -> pages++;
                case Aside.Batch batch -> batches++;
                case Aside.Import mark -> {}
            }
        }

        private Moved moved() {
            return new Moved(tasks, bodies, receivers, batches, keys, pages);
        }
    }

    /** A file that is whole. */
    public record Source(Path file, long mark) {}

    private Archive(Store store, long now, LongConsumer progress) {
        this.store = store;
        this.now = now;
        this.progress = progress;
    }

    /**
     * Writes all that the store holds to a new file. Nobody else may use the store meanwhile.
     *
     * @param linkKey see {@link dev.fetchback.deliver.LinkSigner}; null when there is none
     * @param now Unix milliseconds
     * @param progress is told now and then how many tasks were written
     * @throws StoreException when others use the store, it cannot be read, or the file is there already; nothing was changed then
     * @throws UncheckedIOException when the file cannot be written, saying so; there is none then
     */
    public static Moved export(Store store, byte @Nullable [] linkKey, Path file, long now, LongConsumer progress) {
        refuseIfShared(store);
        try (ArchiveFile.Writer writer = new ArchiveFile.Writer(file)) {
            Moved moved = new Archive(store, now, progress).write(writer, linkKey);
            refuseIfShared(store); // one that has come meanwhile
            writer.end();
            return moved;
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("The file " + file + " cannot be written: " + e.getMessage(), e));
        }
    }

    /** One that was killed is listed until its lease is over, and waited for: it may have been this very command. One that lives renews it. */
    private static void refuseIfShared(Store store) {
        Map<String, Long> left = new HashMap<>();
        for (List<NodeRecord> others = others(store); !others.isEmpty(); others = others(store)) {
            boolean renewed = others.stream().anyMatch(node -> node.leaseMillis() > left.getOrDefault(node.name(), Long.MAX_VALUE));
            if (renewed || Thread.currentThread().isInterrupted()) {
                throw new StoreException(Kind.UNUSABLE, "Nodes use the store: " + String.join(", ", others.stream().map(NodeRecord::name).toList())
                        + ". Stop them first, so that nothing changes while it is moved.", null);
            }
            others.forEach(node -> left.put(node.name(), node.leaseMillis()));
            LockSupport.parkNanos(ASK_AGAIN.toNanos());
        }
    }

    private static List<NodeRecord> others(Store store) {
        return store.nodes().stream().filter(node -> !node.self() && node.leaseMillis() > 0).toList();
    }

    private Moved write(ArchiveFile.Writer writer, byte @Nullable [] linkKey) throws IOException {
        if (linkKey != null) {
            writer.frame(ArchiveFrames.LINK_KEY, linkKey, linkKey.length);
        }
        for (ReceiverRecord receiver : store.receivers()) {
            frame(writer, ArchiveFrames.RECEIVER, ArchiveFrames.receiver(receiver));
            count.receivers++;
        }
        for (Optional<TaskId> page : pages().reversed()) {
            for (StoredTask task : page(page).tasks().reversed()) {
                count.tasks++;
                count.bodies += task(writer, task) ? 1 : 0;
            }
            progress.accept(count.tasks);
        }
        store.aside(aside -> {
            try {
                frame(writer, ArchiveFrames.kind(aside), ArchiveFrames.aside(aside));
                count.add(aside);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        return count.moved();
    }

    private static void frame(ArchiveFile.Writer writer, char kind, byte[] bytes) throws IOException {
        writer.frame(kind, bytes, bytes.length);
    }

    /** Where each page of the list begins, the newest first; engines like tasks to come in the order of their time, the oldest first. */
    private List<Optional<TaskId>> pages() {
        List<Optional<TaskId>> pages = new ArrayList<>(List.of(Optional.empty()));
        for (TaskId next = page(pages.getLast()).next(); next != null; next = page(pages.getLast()).next()) {
            pages.add(Optional.of(next));
        }
        return pages;
    }

    private TaskPage page(Optional<TaskId> before) {
        return store.list(new TaskQuery(null, Set.of(), null, null, null, 0, before.orElse(null), TaskQuery.LIMIT_MAX));
    }

    /** Whether it has a body. What nobody is at work on any more waits, as after a crash. */
    private boolean task(ArchiveFile.Writer writer, StoredTask stored) throws IOException {
        Task task = stored.task();
        if (task.phase().running()) {
            task = machine.next(task, new Event.Reclaimed(store.epoch()), now, 0).orElse(task);
        }
        Optional<InputStream> body = store.body(task.id(), 0, Long.MAX_VALUE);
        frame(writer, ArchiveFrames.TASK, ArchiveFrames.task(new StoredTask(task, stored.spec()), body.isPresent()));
        if (body.isPresent()) {
            try (InputStream in = body.get()) {
                byte[] piece = new byte[PIECE];
                for (int read = in.readNBytes(piece, 0, PIECE); read > 0; read = in.readNBytes(piece, 0, PIECE)) {
                    writer.frame(ArchiveFrames.BODY, piece, read);
                }
            }
            writer.frame(ArchiveFrames.BODY, new byte[0], 0);
        }
        return body.isPresent();
    }

    /** Where the key of links goes. */
    public interface LinkKeys {
        /** Keeps it, unless there is one. */
        void keep(byte[] key) throws IOException;
    }

    /**
     * Reads all of a file, to see that it is whole.
     *
     * @throws StoreException when it is not, or there is none
     * @throws UncheckedIOException when it cannot be read, saying so
     */
    public static Source check(Path file) {
        return new Source(file, ArchiveFile.check(file));
    }

    /**
     * Reads a file into a store that holds nothing yet, or the beginning of the same import. Until it is over no server starts with the store.
     *
     * @param progress is told now and then how many tasks were read
     * @throws StoreException when the store holds something else, and then nothing was changed; or when it cannot be written to: the same
     *     again goes on where it was
     * @throws UncheckedIOException when the file cannot be read
     */
    public static Moved restore(Store store, Source source, LinkKeys links, LongConsumer progress) {
        long mark = source.mark();
        refuseIfShared(store);
        long begun = store.importing();
        if (begun != 0 && begun != mark) {
            throw new StoreException(Kind.UNUSABLE, "The import of another file into the store was begun and is not over."
                    + " Go on with that file, or take an empty store.", null);
        }
        if (begun == 0 && store.newestId() > 0) {
            throw new StoreException(Kind.UNUSABLE, "The store holds tasks already. Import into an empty one.", null);
        }
        store.commit(List.of(new Change.Restore(new Aside.Import(mark))));
        try (ArchiveFile.Reader reader = new ArchiveFile.Reader(source.file())) {
            Moved moved = new Archive(store, 0, progress).read(reader, links, begun != 0);
            store.commit(List.of(new Change.Restore(new Aside.Import(0))));
            return moved;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @throws StoreException when an import into the store was begun and is not over */
    public static void refuseUnfinished(Store store) {
        if (store.importing() != 0) {
            throw new StoreException(Kind.UNUSABLE, "An import into the store was begun and is not over, so a part of the tasks is missing."
                    + " Run fetchback import with the same file again, which goes on where it was.", null);
        }
    }

    private Moved read(ArchiveFile.Reader reader, LinkKeys links, boolean again) throws IOException {
        for (ArchiveFile.Reader.Frame frame = reader.next(); !frame.end(); frame = reader.next()) {
            switch (frame.kind()) {
                case ArchiveFrames.LINK_KEY -> links.keep(frame.bytes());
                case ArchiveFrames.RECEIVER -> {
                    store.commit(List.of(new Change.SaveReceiver(ArchiveFrames.receiver(frame.bytes()), true)));
                    count.receivers++;
                }
                case ArchiveFrames.TASK -> {
                    ArchiveFrames.TaskFrame task = ArchiveFrames.task(frame.bytes());
                    byte[] body = task.body() ? body(reader) : null;
                    if (!again || store.find(task.task().task().id()).isEmpty()) {
                        add(task.task(), body);
                    }
                    count.tasks++;
                    count.bodies += task.body() ? 1 : 0;
                }
                case ArchiveFrames.KEY -> aside(ArchiveFrames.key(frame.bytes()));
                case ArchiveFrames.PAGE -> aside(ArchiveFrames.page(frame.bytes()));
                case ArchiveFrames.BATCH -> aside(ArchiveFrames.batch(frame.bytes()));
                default -> throw new IOException("the file has a part of the kind " + frame.kind() + ", which this version does not know");
            }
        }
        flush();
        return count.moved();
    }

    private static byte[] body(ArchiveFile.Reader reader) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (byte[] piece = reader.next().bytes(); piece.length > 0; piece = reader.next().bytes()) {
            body.write(piece);
        }
        return body.toByteArray();
    }

    /** Submits the task as one that was never begun, and moves it to where it stands, in one commit. */
    private void add(StoredTask stored, byte @Nullable [] body) {
        Task after = stored.task();
        Task before = new Task(after.id(), after.plan(), Phase.FETCH_WAITING, after.readyAt(), after.fence(), Task.Progress.NONE);
        submits.add(new Change.Submit(before, stored.spec(), null));
        if (!after.equals(before) || body != null) {
            moves.add(new Change.Move(before, after, body));
        }
        bytes += body == null ? 0 : body.length;
        if (submits.size() >= CHANGES || bytes >= BYTES) {
            flush();
        }
    }

    private void aside(Aside aside) {
        restores.add(new Change.Restore(aside));
        if (restores.size() >= CHANGES) {
            flush();
        }
        count.add(aside);
    }

    /** Tasks first, in a commit of their own: a batch is restored as it was when they were counted. */
    private void flush() {
        submits.addAll(moves);
        commit(submits);
        moves.clear();
        commit(restores);
        bytes = 0;
        progress.accept(count.tasks);
    }

    private void commit(List<Change> changes) {
        if (!changes.isEmpty()) {
            store.commit(List.copyOf(changes));
            changes.clear();
        }
    }
}
