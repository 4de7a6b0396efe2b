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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Moves all that a store holds to another one, of whatever engine, by way of a file. The store that is written to takes the tasks as it takes
 * any: by submits and moves, each in one commit with the other, so an import that was killed is begun again and leaves out what is there.
 */
public final class Archive {
    private static final int CHANGES = 500; // a commit's
    private static final int BYTES = 8 << 20; // of bodies in one commit
    private static final int PIECE = 1 << 18;

    private final Store store;
    private final long now;
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

    private Archive(Store store, long now) {
        this.store = store;
        this.now = now;
    }

    /**
     * Writes all that the store holds to a new file. Nobody else may use the store meanwhile.
     *
     * @param linkKey see {@link dev.fetchback.deliver.LinkSigner}; null when there is none
     * @param now Unix milliseconds
     * @throws StoreException when others use the store, or it cannot be read; there is no file then
     * @throws UncheckedIOException when the file cannot be written, or is there already
     */
    public static Moved export(Store store, byte @Nullable [] linkKey, Path file, long now) {
        refuseIfShared(store);
        boolean done = false;
        try (ArchiveFile.Writer writer = new ArchiveFile.Writer(file)) {
            try {
                Moved moved = new Archive(store, now).write(writer, linkKey);
                refuseIfShared(store); // one that has come meanwhile
                writer.end();
                done = true;
                return moved;
            } finally {
                if (!done) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void refuseIfShared(Store store) {
        List<String> others = store.nodes().stream().filter(node -> !node.self()).map(NodeRecord::name).toList();
        if (!others.isEmpty()) {
            throw new StoreException(Kind.UNUSABLE, "Nodes use the store: " + String.join(", ", others)
                    + ". Stop them first, so that nothing changes while it is moved.", null);
        }
    }

    private Moved write(ArchiveFile.Writer writer, byte @Nullable [] linkKey) throws IOException {
        Count count = new Count();
        if (linkKey != null) {
            writer.frame(ArchiveFrames.LINK_KEY, linkKey, linkKey.length);
        }
        for (ReceiverRecord receiver : store.receivers()) {
            frame(writer, ArchiveFrames.RECEIVER, ArchiveFrames.receiver(receiver));
            count.receivers++;
        }
        for (TaskId id : oldestFirst()) {
            Optional<StoredTask> found = store.find(id);
            if (found.isPresent()) {
                count.tasks++;
                count.bodies += task(writer, found.get()) ? 1 : 0;
            }
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

    /** Engines find tasks by their time, and like them to come in that order. */
    private List<TaskId> oldestFirst() {
        List<TaskId> ids = new ArrayList<>();
        TaskId before = null;
        do {
            TaskPage page = store.list(new TaskQuery(null, Set.of(), null, null, null, 0, before, TaskQuery.LIMIT_MAX));
            page.tasks().forEach(task -> ids.add(task.task().id()));
            before = page.next();
        } while (before != null);
        return ids.reversed();
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
     * Reads a file into a store that holds nothing yet, or the beginning of the same import. Until it is over no server starts with the store.
     *
     * @throws StoreException when the file is damaged or the store holds something else, and then nothing was changed; or when the store
     *     cannot be written to: the same again goes on where it was
     * @throws UncheckedIOException when the file cannot be read
     */
    public static Moved restore(Store store, Path file, LinkKeys links) {
        long mark = ArchiveFile.check(file);
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
        try (ArchiveFile.Reader reader = new ArchiveFile.Reader(file)) {
            Moved moved = new Archive(store, 0).read(reader, links, begun != 0);
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
        Count count = new Count();
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
                case ArchiveFrames.KEY -> aside(ArchiveFrames.key(frame.bytes()), count);
                case ArchiveFrames.PAGE -> aside(ArchiveFrames.page(frame.bytes()), count);
                case ArchiveFrames.BATCH -> aside(ArchiveFrames.batch(frame.bytes()), count);
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

    private void aside(Aside aside, Count count) {
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
    }

    private void commit(List<Change> changes) {
        if (!changes.isEmpty()) {
            store.commit(List.copyOf(changes));
            changes.clear();
        }
    }
}
