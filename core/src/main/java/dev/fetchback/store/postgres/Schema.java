package dev.fetchback.store.postgres;

import dev.fetchback.task.Phase;
import java.util.ArrayList;
import java.util.List;

/**
 * The tables. A task is a row of exactly one of four: {@code running} and {@code waiting} are as small as what is live, {@code done}
 * is divided into spans of time that are dropped whole, and {@code kept} holds what outlives its span: dead outcomes, and tasks whose
 * page is kept for longer. Nothing is ever updated there but a row's own progress; a move takes the row out of one table and puts it
 * into another. Times are Unix milliseconds, ids are UUIDs whose order is that of their times, {@code facts} and {@code progress} are
 * JSON of {@link dev.fetchback.store.Codec}.
 */
final class Schema {
    private static final String BUSY = " WITH (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=1000,"
            + " autovacuum_vacuum_insert_scale_factor=0.2, autovacuum_analyze_scale_factor=0.1, autovacuum_vacuum_cost_delay=0)";
    private static final String STATE = "id uuid NOT NULL, attempt int4 NOT NULL, epoch int4 NOT NULL, phase int2 NOT NULL,";
    private static final String CONTENT = " batch uuid, progress bytea, facts bytea NOT NULL";
    private static final int FAILED = Phase.FAILED.code();
    private static final int DEAD = Phase.DEAD.code();

    /** One for each version; a released one is never changed. */
    static final List<Migration> MIGRATIONS = List.of(
            new Migration(1, "makes the tables", first()),
            new Migration(1, "notes since when a node runs, and what program",
                    List.of("ALTER TABLE node ADD COLUMN since timestamptz, ADD COLUMN program text")));

    private Schema() {}

    private static List<String> first() {
        List<String> sql = new ArrayList<>(List.of(
                "CREATE TABLE fetchback(version int4 NOT NULL, readable_by int4 NOT NULL)",
                "INSERT INTO fetchback VALUES(0, 0)",
                "CREATE SEQUENCE node_epoch AS int4",
                "CREATE TABLE node(epoch int4 PRIMARY KEY, name text NOT NULL UNIQUE, expires timestamptz NOT NULL) WITH (fillfactor=50)",
                "CREATE TABLE secret(name text PRIMARY KEY, value bytea NOT NULL)",
                // epoch: of the node that owns it; less than 0 when none does, but did, 0 when none ever did
                "CREATE TABLE shard(n int2 PRIMARY KEY, epoch int4 NOT NULL)",
                "INSERT INTO shard SELECT n, 0 FROM generate_series(0, " + (Shards.COUNT - 1) + ") n",
                "CREATE TABLE running(" + STATE + " shard int2 NOT NULL," + CONTENT + ", PRIMARY KEY(id))" + BUSY,
                "CREATE TABLE waiting(" + STATE + " shard int2 NOT NULL, priority int2 NOT NULL, ready_at int8 NOT NULL,"
                        + " queue text COLLATE \"C\" NOT NULL," + CONTENT + ", PRIMARY KEY(id))" + BUSY,
                "CREATE INDEX waiting_due ON waiting(phase, shard, queue, priority, ready_at, id)",
                // due_at: not later than the earliest ready_at of its tasks; priorities: a bit for each that they may have
                "CREATE TABLE queue(due_at int8 NOT NULL, priorities int4 NOT NULL, phase int2 NOT NULL, shard int2 NOT NULL,"
                        + " name text COLLATE \"C\" NOT NULL, PRIMARY KEY(phase, name, shard))" + BUSY,
                "CREATE INDEX queue_due ON queue(phase, due_at, name, shard)",
                "CREATE TABLE done(" + STATE + " span int4 NOT NULL, at int8 NOT NULL," + CONTENT + ", PRIMARY KEY(id, span))"
                        + " PARTITION BY LIST(span)",
                "CREATE INDEX done_failed ON done(id) WHERE phase=" + FAILED,
                // until: when it is forgotten unless it is dead
                "CREATE TABLE kept(" + STATE + " at int8 NOT NULL, until int8 NOT NULL," + CONTENT + ", PRIMARY KEY(id))",
                "CREATE INDEX kept_listed ON kept(phase, id)",
                "CREATE INDEX kept_dead ON kept(at) WHERE phase=" + DEAD,
                "CREATE INDEX kept_until ON kept(until) WHERE phase<>" + DEAD,
                "CREATE TABLE idempotency(owner bytea NOT NULL, key bytea NOT NULL, created int8 NOT NULL, task uuid NOT NULL,"
                        + " fingerprint bytea NOT NULL, PRIMARY KEY(owner, key))",
                "CREATE INDEX idempotency_created ON idempotency(created)",
                "CREATE TABLE batch(id uuid PRIMARY KEY, owner text)",
                // Counters are rows that are added up, as one that all nodes update would be where they meet.
                "CREATE TABLE batch_tally(batch uuid NOT NULL, accepted int8 NOT NULL, succeeded int8 NOT NULL, failed int8 NOT NULL,"
                        + " dead int8 NOT NULL, cancelled int8 NOT NULL, expired int8 NOT NULL)" + BUSY,
                "CREATE INDEX batch_tally_batch ON batch_tally(batch)",
                "CREATE TABLE tally(waiting_fetch int8 NOT NULL, waiting_process int8 NOT NULL, waiting_deliver int8 NOT NULL,"
                        + " running int8 NOT NULL, dead int8 NOT NULL, body_bytes int8 NOT NULL, dead_bytes int8 NOT NULL)" + BUSY,
                "CREATE TABLE receiver(id text PRIMARY KEY, endpoint text NOT NULL, status text NOT NULL, reason text,"
                        + " failures int4 NOT NULL, until int8 NOT NULL, updated_at int8 NOT NULL, orders int4 NOT NULL,"
                        // by whom, and in what transaction: others look for what is new to them
                        + " epoch int4 NOT NULL, changed xid8 NOT NULL)",
                "CREATE INDEX receiver_changed ON receiver(changed, id)",
                // Attempts that a node is to end because their task was taken from it.
                "CREATE TABLE recall(epoch int4 NOT NULL, id uuid NOT NULL, attempt int4 NOT NULL, PRIMARY KEY(epoch, id, attempt))",
                "CREATE TABLE seen(page text PRIMARY KEY, status int4 NOT NULL, bytes int8 NOT NULL, at int8 NOT NULL,"
                        + " url text NOT NULL, sha256 text NOT NULL, etag text, modified text)",
                "CREATE INDEX seen_at ON seen(at)",
                // Tables of done and of body: those from `first` on go there.
                "CREATE SEQUENCE span_n AS int4",
                "CREATE TABLE span(kind int2 NOT NULL, n int4 NOT NULL, first int8 NOT NULL, PRIMARY KEY(kind, n))",
                // until: 0 while pieces come in ahead of the move that refers to them; epoch: of the node that put them
                "CREATE TABLE stored(id uuid PRIMARY KEY, body int8 NOT NULL, until int8 NOT NULL, bytes int8 NOT NULL, dead_at int8,"
                        + " span int4 NOT NULL, epoch int4 NOT NULL)",
                "CREATE INDEX stored_until ON stored(until) WHERE until < " + Long.MAX_VALUE,
                "CREATE INDEX stored_dead ON stored(dead_at) WHERE dead_at IS NOT NULL",
                "CREATE INDEX stored_span ON stored(span)",
                "CREATE SEQUENCE body_n AS int8",
                "CREATE TABLE body(body int8 NOT NULL, span int4 NOT NULL, piece int4 NOT NULL, data bytea NOT NULL,"
                        + " PRIMARY KEY(body, piece, span)) PARTITION BY LIST(span)",
                "ALTER TABLE body ALTER data SET STORAGE EXTERNAL"));
        for (String table : List.of("running", "waiting", "done", "kept")) {
            sql.add("CREATE INDEX " + table + "_batch ON " + table + "(batch, id) WHERE batch IS NOT NULL");
        }
        sql.addAll(Spans.Kind.BODY.create(Spans.LASTING));
        return sql;
    }
}
