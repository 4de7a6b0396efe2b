package dev.fetchback.store.postgres;

import dev.fetchback.store.Aside;
import dev.fetchback.store.BatchRecord;
import dev.fetchback.store.Change;
import dev.fetchback.store.DueQueue;
import dev.fetchback.store.NodeRecord;
import dev.fetchback.store.PieceStream;
import dev.fetchback.store.QueueKey;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.Result;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreException;
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
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.StringJoiner;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A node's store on PostgreSQL. Any number of nodes share a database; what is due is found by the one that owns its shard. */
public final class PostgresStore implements Store {
    /** How late a task may be that another node took; a look costs three small reads. */
    private static final long LOOK_EVERY_MILLIS = 200;

    /** A queue's row has a version for each time it is settled, which an old snapshot keeps: at most one in so long. */
    private static final long LINGER_MILLIS = 5_000;

    private static final int QUEUES_A_READ = 64; // each read is a way there and back

    private static final String FIND = find();
    private static final String NEWEST = Table.newest();
    private static final String STORED = "SELECT body, bytes FROM stored WHERE id=? AND until>0";
    private static final String PIECE = "SELECT b.data FROM stored s JOIN body b ON b.body=s.body AND b.span=s.span"
            + " WHERE s.id=? AND s.body=? AND b.piece=?";
    private static final String TOTALS = "SELECT coalesce(sum(waiting_fetch), 0), coalesce(sum(waiting_process), 0),"
            + " coalesce(sum(waiting_deliver), 0), coalesce(sum(running), 0), coalesce(sum(dead), 0), coalesce(sum(body_bytes), 0)"
            + " FROM tally";
    private static final String KEEP_SECRET = "INSERT INTO secret(name, value) VALUES(?,?) ON CONFLICT DO NOTHING";
    private static final String SECRET = "SELECT value FROM secret WHERE name=?";
    private static final String DEAD_ROWS =
            "SELECT coalesce(sum(n_dead_tup), 0)::int8 FROM pg_stat_user_tables WHERE schemaname=current_schema()";
    private static final String SIZE = "SELECT pg_database_size(current_database())";

    private final Connections connections;
    private final Membership membership;
    private final Writer writer;
    private final Pruner pruner;
    private final Heard heard;
    private volatile long size; // of the database, when it was last looked at
    private volatile long deadRows; // likewise
    private boolean closed;

    private PostgresStore(Connections connections, Membership membership, Writer writer, Pruner pruner) {
        this.connections = connections;
        this.membership = membership;
        this.writer = writer;
        this.pruner = pruner;
        this.heard = new Heard(connections, membership);
    }

    /**
     * Joins the nodes that share the database, after bringing its schema up to date.
     *
     * @throws StoreException when the database cannot be used, saying what to do; nothing is changed then
     */
    public static PostgresStore open(PostgresSettings settings) {
        Faults faults = new Faults(StoreUrl.place(settings.url()));
        Spans spans = new Spans();
        Pruner pruner = new Pruner(settings.retention(), spans);
        Opening.prepare(settings, faults.place(), pruner);
        Connections connections = new Connections(settings, faults);
        try {
            Membership membership = Membership.join(connections, settings, faults);
            Transaction.Around around =
                    new Transaction.Around(spans, settings.retention(), settings.clock(), settings.lease().toMillis());
            PostgresStore store =
                    new PostgresStore(connections, membership, new Writer(connections, faults, around, membership), pruner);
            store.look();
            return store;
        } catch (SQLException e) {
            connections.close();
            throw Opening.explain(faults.place(), e);
        } catch (RuntimeException e) {
            connections.close();
            throw e;
        }
    }

    /**
     * The steps that bring a database's schema to the newest version, a line each; empty when it has it. Nodes may go on meanwhile.
     *
     * @param take whether they are taken, too
     * @throws StoreException when the database cannot be used, or somebody holds its tables for a minute, saying what to do
     */
    public static List<String> migrate(PostgresSettings settings, boolean take) {
        return Opening.steps(settings, StoreUrl.place(settings.url()), take);
    }

    private static String find() {
        StringJoiner all = new StringJoiner(" UNION ALL ");
        for (Table table : Table.values()) {
            all.add("SELECT " + (table == Table.WAITING ? TaskRow.WAITING : TaskRow.OTHERS) + " FROM " + table.sql() + " WHERE id=?");
        }
        return all.toString();
    }

    @Override
    public int epoch() {
        return membership.epoch();
    }

    @Override
    public boolean owns(Task live) {
        return Shards.has(membership.owned(), Shards.of(live));
    }

    @Override
    public long heldMillis(String host) {
        return membership.tenure().millis(Shards.ofHost(host));
    }

    @Override
    public int owners() {
        return membership.nodes();
    }

    @Override
    public void onGain(Runnable listener) {
        membership.listen(listener);
    }

    @Override
    public long lookEveryMillis() {
        return membership.shared() ? LOOK_EVERY_MILLIS : Long.MAX_VALUE;
    }

    @Override
    public Optional<StoreException> lapse() {
        return membership.lapse();
    }

    @Override
    public void onLapse(Runnable listener) {
        membership.lease().listen(listener);
    }

    @Override
    public News news() {
        return heard.news();
    }

    @Override
    public long lingerMillis() {
        return LINGER_MILLIS;
    }

    @Override
    public Optional<byte[]> secret(String name, byte[] fresh) {
        return connections.read("A secret of this store could not be read", connection -> {
            try (PreparedStatement keep = connection.prepareStatement(KEEP_SECRET);
                    PreparedStatement find = connection.prepareStatement(SECRET)) {
                keep.setString(1, name);
                keep.setBytes(2, fresh);
                keep.executeUpdate();
                find.setString(1, name);
                try (ResultSet row = find.executeQuery()) {
                    row.next();
                    return Optional.of(row.getBytes(1));
                }
            }
        });
    }

    @Override
    public long newestId() {
        return connections.read("The newest id could not be read", connection -> {
            try (PreparedStatement find = connection.prepareStatement(NEWEST);
                    ResultSet row = find.executeQuery()) {
                return row.next() ? Columns.taskId(row.getObject(1, UUID.class)).timeMillis() : 0L;
            }
        });
    }

    @Override
    public List<Result> commit(List<Change> changes) {
        return writer.commit(changes);
    }

    @Override
    public Optional<StoreException> noRoom() {
        return Optional.ofNullable(writer.reach());
    }

    @Override
    public List<DueQueue> dueQueues(Stage stage, Optional<DueQueue> after, long now, int limit) {
        return connections.read("Due queues could not be read",
                connection -> DueScan.queues(connection, membership.owned(), stage, after, now, limit));
    }

    @Override
    public OptionalLong nextDue(Stage stage, long now) {
        return connections.read("The next due time could not be read",
                connection -> DueScan.next(connection, membership.owned(), stage, now));
    }

    @Override
    public List<StoredTask> dueTasks(QueueKey queue, long now, int limit) {
        return dueTasks(queue.stage(), List.of(new Portion(queue.name(), limit)), now).getFirst();
    }

    @Override
    public int queuesARead() {
        return QUEUES_A_READ;
    }

    @Override
    public List<List<StoredTask>> dueTasks(Stage stage, List<Portion> portions, long now) {
        return connections.read("Due tasks could not be read",
                connection -> DueScan.tasks(connection, membership.owned(), stage, portions, now));
    }

    @Override
    public List<Task> orphans(int limit) {
        return connections.read("Orphaned tasks could not be read",
                connection -> DueScan.orphans(connection, membership.owned(), limit));
    }

    @Override
    public Optional<StoredTask> find(TaskId id) {
        return connections.read("The task could not be read", connection -> {
            try (PreparedStatement find = connection.prepareStatement(FIND)) {
                for (int i = 1; i <= Table.values().length; i++) {
                    find.setObject(i, Columns.id(id));
                }
                try (ResultSet row = find.executeQuery()) {
                    return row.next() ? Optional.of(TaskRow.read(row).decode()) : Optional.empty();
                }
            }
        });
    }

    @Override
    public Optional<Seen> seen(String pageKey) {
        return connections.read("The page as last seen could not be read",
                connection -> Optional.ofNullable(SeenRows.find(connection, pageKey, false)));
    }

    @Override
    public TaskPage list(TaskQuery query) {
        return connections.read("Tasks could not be listed", connection -> Listing.page(connection, query));
    }

    @Override
    public Optional<BatchRecord> batch(BatchId id) {
        return connections.read("The batch could not be read", connection -> BatchRows.find(connection, id));
    }

    @Override
    public List<ReceiverRecord> receivers() {
        return connections.read("Receivers could not be read", Heard::receivers);
    }

    @Override
    public Optional<InputStream> body(TaskId id, long offset, long length) {
        return connections.read("The stored page could not be read", connection -> {
            try (PreparedStatement find = connection.prepareStatement(STORED)) {
                find.setObject(1, Columns.id(id));
                try (ResultSet row = find.executeQuery()) {
                    if (!row.next()) {
                        return Optional.empty();
                    }
                    long body = row.getLong(1);
                    long from = Math.clamp(offset, 0, row.getLong(2));
                    return Optional.of(new PieceStream(
                            number -> piece(id, body, number), id, from, from + Math.clamp(length, 0, row.getLong(2) - from)));
                }
            }
        });
    }

    private byte @Nullable [] piece(TaskId id, long body, int number) {
        return connections.<byte @Nullable []>read("A stored page could not be read", connection -> {
            try (PreparedStatement find = connection.prepareStatement(PIECE)) {
                find.setObject(1, Columns.id(id));
                find.setLong(2, body);
                find.setInt(3, number);
                try (ResultSet row = find.executeQuery()) {
                    return row.next() ? row.getBytes(1) : null;
                }
            }
        });
    }

    @Override
    public Totals totals() {
        return connections.read("The counters could not be read", connection -> {
            try (PreparedStatement find = connection.prepareStatement(TOTALS);
                    ResultSet row = find.executeQuery()) {
                row.next();
                int at = 1;
                return new Totals(row.getLong(at++), row.getLong(at++), row.getLong(at++), row.getLong(at++), row.getLong(at++),
                        row.getLong(at), size);
            }
        });
    }

    @Override
    public void aside(Consumer<Aside> to) {
        connections.read("What is kept beside tasks could not be read", connection -> {
            AsideRows.read(connection, to);
            return true;
        });
    }

    @Override
    public long importing() {
        return connections.read("Whether an import is over could not be read", AsideRows::importing);
    }

    @Override
    public List<NodeRecord> nodes() {
        return connections.read("The nodes could not be read", connection -> NodeRows.list(connection, epoch()));
    }

    @Override
    public Share share() {
        Membership.Moves moves = membership.moves();
        return new Share(moves.owned(), moves.gained(), moves.lost(), deadRows);
    }

    /** The size of a database is added up file by file: now and then is enough. */
    private void look() {
        size = connections.read("The size of the database could not be read", connection -> Numbers.ask(connection, SIZE));
        deadRows = connections.read("The statistics of the database could not be read", connection -> Numbers.ask(connection, DEAD_ROWS));
    }

    @Override
    public boolean prune(long now) {
        boolean more = writer.prune(pruner, now);
        if (!more) {
            look();
        }
        return more;
    }

    /** Leaves the other nodes, and gives the connections back. Closing twice is harmless. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            writer.close();
            membership.close();
            connections.close();
        }
    }
}
