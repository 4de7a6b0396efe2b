package dev.fetchback.store.sqlite;

import dev.fetchback.store.Aside;
import dev.fetchback.store.BatchRecord;
import dev.fetchback.store.Change;
import dev.fetchback.store.DueQueue;
import dev.fetchback.store.PieceStream;
import dev.fetchback.store.QueueKey;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.Result;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreException.Kind;
import dev.fetchback.store.StoredTask;
import dev.fetchback.store.TaskPage;
import dev.fetchback.store.TaskQuery;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Seen;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import java.io.InputStream;
import java.sql.Connection;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The embedded engine. One process at a time has the folder; a commit is on disk when it returns. */
public final class SqliteStore implements Store {
    private static final String RECEIVERS =
            "SELECT id, endpoint, status, reason, failures, until, updated_at FROM receiver ORDER BY id";
    private static final String PIECE = "SELECT data FROM body WHERE id=? AND piece=?";
    private static final String STORED = "SELECT bytes FROM stored WHERE id=? AND until>0";

    private final DataFolder folder;
    private final Segments segments;
    private final Checkpoints checkpoints;
    private final Writer writer;
    private final Readers readers;
    private final DueScan dueScan;
    private final Listing listing;
    private final int epoch;
    private boolean closed;

    /** Whether there is a store in a folder. */
    public static boolean isIn(Path folder) {
        return DataFolder.isIn(folder);
    }

    private SqliteStore(DataFolder folder, Parts parts, int epoch) {
        this.folder = folder;
        this.segments = parts.segments;
        this.checkpoints = parts.checkpoints;
        this.writer = parts.writer;
        this.readers = parts.readers;
        this.dueScan = new DueScan(segments);
        this.listing = new Listing(segments);
        this.epoch = epoch;
    }

    /** What is opened, in this order; closed the other way round. */
    private record Parts(Segments segments, Checkpoints checkpoints, Writer writer, Readers readers) {}

    /**
     * Opens the store in its folder, makes it if there is none, and begins a new epoch.
     *
     * @throws StoreException when the folder is in use, cannot be written, belongs to another program, is damaged or of a newer
     *     version
     */
    public static SqliteStore open(SqliteSettings settings) {
        DataFolder folder = DataFolder.open(settings.dir());
        Faults faults = new Faults(settings.dir());
        List<AutoCloseable> opened = new ArrayList<>();
        opened.add(folder);
        try {
            Connection connection =
                    Connections.writer(folder.database(), settings.limits().writerCacheBytes());
            opened.add(connection);
            Schema.prepare(connection, settings.dir());
            int epoch = beginEpoch(connection);
            Checkpoints checkpoints = new Checkpoints(
                    faults, Connections.checkpointer(folder.database()), settings.limits().walBytes());
            opened.add(checkpoints);
            Segments segments = new Segments(settings.segments());
            Writer writer = new Writer(settings, connection, checkpoints, segments, epoch);
            Readers readers = new Readers(faults, folder.database(), settings.limits(), writer::damaged);
            return new SqliteStore(folder, new Parts(segments, checkpoints, writer, readers), epoch);
        } catch (SQLException e) {
            RuntimeException explained = faults.explain("The store could not be opened", e);
            closeAll(opened, explained);
            throw explained;
        } catch (RuntimeException e) {
            closeAll(opened, e);
            throw e;
        }
    }

    @Override
    public int epoch() {
        return epoch;
    }

    @Override
    public long newestId() {
        return segments.newest();
    }

    @Override
    public List<Result> commit(List<Change> changes) {
        return writer.commit(changes);
    }

    @Override
    public Optional<StoreException> noRoom() {
        return writer.noRoom();
    }

    @Override
    public List<DueQueue> dueQueues(Stage stage, Optional<DueQueue> after, long now, int limit) {
        return readers.read("Due queues could not be read", s -> DueScan.queues(s, stage, after, now, limit));
    }

    @Override
    public OptionalLong nextDue(Stage stage, long now) {
        return readers.read("The next due time could not be read", s -> DueScan.next(s, stage, now));
    }

    @Override
    public List<StoredTask> dueTasks(QueueKey queue, long now, int limit) {
        return readers.read("Due tasks could not be read", s -> dueScan.tasks(s, queue, now, limit));
    }

    @Override
    public List<Task> orphans(int limit) {
        return readers.read("Orphaned tasks could not be read", s -> dueScan.orphans(s, epoch, limit));
    }

    @Override
    public Optional<StoredTask> find(TaskId id) {
        return readers.read("The task could not be read", statements -> {
            PreparedStatement find = statements.get(segments.of(id).sql().find());
            find.setBytes(1, Statements.id(id));
            try (ResultSet row = find.executeQuery()) {
                return row.next() ? Optional.ofNullable(TaskRow.read(row)).map(TaskRow::decode) : Optional.empty();
            }
        });
    }

    @Override
    public Optional<Seen> seen(String pageKey) {
        return readers.read("The page as last seen could not be read", s -> Optional.ofNullable(SeenRows.find(s, pageKey)));
    }

    @Override
    public TaskPage list(TaskQuery query) {
        return readers.read("Tasks could not be listed", s -> listing.page(s, query));
    }

    @Override
    public Optional<BatchRecord> batch(BatchId id) {
        return readers.read("The batch could not be read", statements -> BatchRows.find(statements, id));
    }

    @Override
    public List<ReceiverRecord> receivers() {
        return readers.read("Receivers could not be read", statements -> {
            List<ReceiverRecord> receivers = new ArrayList<>();
            try (ResultSet row = statements.get(RECEIVERS).executeQuery()) {
                while (row.next()) {
                    receivers.add(new ReceiverRecord(
                            row.getString(1),
                            row.getString(2),
                            ReceiverRecord.Status.valueOf(row.getString(3)),
                            row.getString(4),
                            row.getInt(5),
                            row.getLong(6),
                            row.getLong(7)));
                }
            }
            return receivers;
        });
    }

    @Override
    public Optional<InputStream> body(TaskId id, long offset, long length) {
        return readers.read("The stored page could not be read", statements -> {
            PreparedStatement find = statements.get(STORED);
            find.setBytes(1, Statements.id(id));
            try (ResultSet row = find.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                long from = Math.clamp(offset, 0, row.getLong(1));
                return Optional.of(new PieceStream(
                        number -> piece(id, number), id, from, from + Math.clamp(length, 0, row.getLong(1) - from)));
            }
        });
    }

    private byte @Nullable [] piece(TaskId id, int number) {
        return readers.<byte @Nullable []>read("A stored page could not be read", statements -> {
            PreparedStatement find = statements.get(PIECE);
            find.setBytes(1, Statements.id(id));
            find.setInt(2, number);
            try (ResultSet row = find.executeQuery()) {
                return row.next() ? row.getBytes(1) : null;
            }
        });
    }

    @Override
    public void aside(Consumer<Aside> to) {
        readers.read("What is kept beside tasks could not be read", statements -> {
            AsideRows.read(statements, to);
            return true;
        });
    }

    @Override
    public long importing() {
        return readers.read("Whether an import is over could not be read", AsideRows::importing);
    }

    @Override
    public Totals totals() {
        Ledger.Counts counts = writer.ledger().counts();
        return new Totals(
                counts.waitingFetch(),
                counts.waitingProcess(),
                counts.waitingDeliver(),
                counts.running(),
                counts.dead(),
                counts.bodyBytes(),
                folder.bytes());
    }

    @Override
    public boolean prune(long now) {
        return writer.prune(now);
    }

    /** Waits for what runs, moves the log into the database and gives the folder back. Closing twice is harmless. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        RuntimeException failure =
                closeAll(List.of(folder, writer, checkpoints, readers), new StoreException(Kind.UNUSABLE, "close", null));
        if (failure.getSuppressed().length > 0) {
            throw new StoreException(
                    Kind.UNUSABLE, "The store did not close cleanly; nothing acknowledged is lost", failure.getSuppressed()[0]);
        }
    }

    private static int beginEpoch(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate(
                    "INSERT INTO meta(name, value) VALUES('epoch', 1) ON CONFLICT(name) DO UPDATE SET value=value+1");
            try (ResultSet row = statement.executeQuery("SELECT value FROM meta WHERE name='epoch'")) {
                return row.getInt(1);
            }
        }
    }

    private static RuntimeException closeAll(List<AutoCloseable> opened, RuntimeException failure) {
        for (AutoCloseable one : opened.reversed()) {
            try {
                one.close();
            } catch (Exception e) {
                failure.addSuppressed(e);
            }
        }
        return failure;
    }
}
