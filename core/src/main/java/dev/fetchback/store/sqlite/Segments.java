package dev.fetchback.store.sqlite;

import dev.fetchback.task.TaskId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the segment of a task by the time in its id. The writer changes the list inside its transaction and publishes it
 * after the commit; a reader may see the list of a moment ago, in which every task is still found, because tables are dropped
 * last.
 */
final class Segments {
    private final SqliteSettings.Segmenting settings;
    private List<Segment> working = new ArrayList<>(); // by time; segment LATE, which is for all times, is the first
    private volatile List<Segment> published = List.of();
    private boolean changed;
    private long newest;
    private int tasksInLast;

    Segments(SqliteSettings.Segmenting settings) {
        this.settings = settings;
    }

    void load(Statements statements) throws SQLException {
        working.clear();
        working.add(new Segment(Segment.LATE, Long.MIN_VALUE, null));
        try (Statement statement = statements.connection().createStatement();
                ResultSet rows = statement.executeQuery("SELECT n, first, drained FROM segment ORDER BY first")) {
            while (rows.next()) {
                working.add(new Segment(rows.getInt(1), rows.getLong(2), rows.getBytes(3)));
            }
        }
        newest = newestStored(statements);
        changed = true;
        publish();
    }

    /** The newest time of any stored id, of tasks and batches; 0 without any. */
    long newest() {
        return newest;
    }

    void saw(long idMillis) {
        newest = Math.max(newest, idMillis);
    }

    /** All of them by time, as last published. */
    List<Segment> all() {
        return published;
    }

    /** For readers. */
    Segment of(TaskId id) {
        return find(published, id);
    }

    /** For the writer. */
    Segment at(TaskId id) {
        return find(working, id);
    }

    /** The segment for a new task; begins a new one when its time has come or the last is full. */
    Segment forNew(TaskId id, Statements statements) throws SQLException {
        long time = id.timeMillis();
        Segment last = working.getLast();
        boolean none = last.number() == Segment.LATE;
        if (none || time - last.first() >= settings.period().toMillis() || tasksInLast >= settings.tasks()) {
            long first = none ? time : Math.max(time, newest + 1); // ids up to the newest stay where they would be looked for
            if (first > last.first()) {
                begin(first, statements);
            }
        }
        saw(time);
        tasksInLast++;
        return at(id);
    }

    /** Begins a new segment if the last one has tasks and is over, so that it can be dropped although nothing new comes. */
    void rollOver(long now, Statements statements) throws SQLException {
        Segment last = working.getLast();
        if (last.number() != Segment.LATE && newest >= last.first() && now - newest > settings.period().toMillis()) {
            begin(newest + 1, statements);
        }
    }

    /** The time of the first id after the segment's; {@link Long#MAX_VALUE} for the last. */
    long endOf(Segment segment) {
        int next = indexOf(segment) + 1;
        return next < working.size() ? working.get(next).first() : Long.MAX_VALUE;
    }

    /** The oldest segment beside LATE. */
    Segment oldest() {
        return working.size() > 1 ? working.get(1) : working.getFirst();
    }

    void drained(Segment segment, byte[] id, Statements statements) throws SQLException {
        PreparedStatement update = statements.get("UPDATE segment SET drained=? WHERE n=?");
        update.setBytes(1, id);
        update.setInt(2, segment.number());
        update.executeUpdate();
        working.set(indexOf(segment), segment.drainedTo(id));
        changed = true;
    }

    void dropped(Segment segment, Statements statements) throws SQLException {
        PreparedStatement delete = statements.get("DELETE FROM segment WHERE n=?");
        delete.setInt(1, segment.number());
        delete.executeUpdate();
        working.remove(indexOf(segment));
        changed = true;
    }

    void publish() {
        if (changed) {
            published = List.copyOf(working);
            changed = false;
        }
    }

    void rollBack() {
        if (changed) {
            working = new ArrayList<>(published);
            changed = false;
        }
    }

    private void begin(long first, Statements statements) throws SQLException {
        int n = working.getLast().number() + 1;
        try (Statement statement = statements.connection().createStatement()) {
            statement.execute(Segment.createTasks(n));
            statement.execute(Segment.createTasksByBatch(n));
            statement.execute(Segment.createOutcomes(n));
            statement.execute(Segment.createOutcomesListed(n));
            statement.execute(Segment.createOutcomesLate(n));
        }
        PreparedStatement insert = statements.get("INSERT INTO segment(n, first) VALUES(?,?)");
        insert.setInt(1, n);
        insert.setLong(2, first);
        insert.executeUpdate();
        working.add(new Segment(n, first, null));
        tasksInLast = 0;
        changed = true;
    }

    private int indexOf(Segment segment) {
        for (int i = 0; i < working.size(); i++) {
            if (working.get(i).number() == segment.number()) {
                return i;
            }
        }
        throw new IllegalArgumentException("segment " + segment.number() + " is gone");
    }

    private static Segment find(List<Segment> segments, TaskId id) {
        long time = id.timeMillis();
        int at = segments.size() - 1;
        while (segments.get(at).first() > time) { // nearly always the last or the one before; LATE ends it
            at--;
        }
        Segment segment = segments.get(at);
        return segment.drained() != null && segment.gone(Statements.id(id)) ? segments.getFirst() : segment;
    }

    private long newestStored(Statements statements) throws SQLException {
        long time = maxTime(statements, "batch");
        for (int i = working.size() - 1; i >= 0; i--) {
            long inSegment = maxTime(statements, "task_" + working.get(i).number());
            time = Math.max(time, inSegment);
            if (inSegment > 0 || working.get(i).first() <= time) {
                break; // every other segment is older
            }
        }
        return Math.max(time, working.size() > 1 ? working.getLast().first() - 1 : 0);
    }

    private static long maxTime(Statements statements, String table) throws SQLException {
        try (Statement statement = statements.connection().createStatement();
                ResultSet row = statement.executeQuery("SELECT max(id) FROM " + table)) {
            byte[] id = row.next() ? row.getBytes(1) : null;
            return id == null ? 0 : Statements.taskId(id).timeMillis();
        }
    }
}
