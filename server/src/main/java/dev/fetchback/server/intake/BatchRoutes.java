package dev.fetchback.server.intake;

import dev.fetchback.store.BatchRecord;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Phase;
import dev.fetchback.work.ByteBudget;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;

/** {@code POST /v1/batches} and {@code GET /v1/batches/{id}}. Every method but {@link #begin} blocks. */
final class BatchRoutes {
    private static final String NDJSON = "application/x-ndjson";
    /** A client that still sends is read a little further, so that it sees why its batch was given up. */
    private static final long DISCARD_MAX = 16 << 20;

    private static final int ANSWER_BYTES = 1024;
    private static final int FIRST_ROOM = 64 << 10;

    private final Kit kit;
    private final TaskReader reader;
    private final ByteBudget budget;
    private final int batchBytes;
    private final ExecutorService submitters;
    private final ExecutorService uploads;

    /**
     * @param submitters stores what was read
     * @param uploads reads batches; refuses when as many are read as may be
     */
    BatchRoutes(
            Kit kit, TaskReader reader, ByteBudget budget, int batchBytes, ExecutorService submitters, ExecutorService uploads) {
        this.kit = kit;
        this.reader = reader;
        this.budget = budget;
        this.batchBytes = batchBytes;
        this.submitters = submitters;
        this.uploads = uploads;
    }

    /** {@code POST /v1/batches}, on a thread of its own. */
    void begin(Call call) {
        try {
            uploads.execute(() -> kit.run(call, () -> submit(call)));
        } catch (RejectedExecutionException e) {
            throw Refusal.retryAfter(
                    uploads.isShutdown() ? ApiError.DRAINING : ApiError.OVERLOADED,
                    1,
                    "As many batches are being read as may be at once; try again in a second.");
        }
    }

    private void submit(Call call) throws IOException, InterruptedException {
        MediaType.requirePlain(call);
        String type = MediaType.of(call);
        boolean streamed = type.equals(NDJSON);
        if (!streamed && !type.isEmpty() && !type.equals("application/json") && !type.endsWith("+json")) {
            throw MediaType.refuse(type, "application/json or " + NDJSON);
        }
        call.patient();
        BatchRun run = new BatchRun(kit, submitters);
        Origin origin = Origin.batch(call.caller().name(), () -> run.begin(call.caller().name()));
        BodyStream stream = new BodyStream(call, kit);
        try {
            if (streamed) {
                lines(stream, run, origin);
            } else {
                text(call, stream, run, origin);
            }
        } catch (IOException e) {
            run.abandon(); // cut: what came whole stays; with idempotency keys the rest can be sent again
            call.cut(e);
            return;
        } catch (RuntimeException | InterruptedException e) {
            giveUp(call, stream, run, e);
            return;
        }
        answer(call, run);
    }

    private void giveUp(Call call, BodyStream stream, BatchRun run, Exception why) throws InterruptedException {
        run.abandon();
        Refusal refusal = kit.refusal(call, why);
        try {
            if (refusal.error() != ApiError.REQUEST_TIMEOUT && !(why instanceof InterruptedException)) {
                stream.discard(DISCARD_MAX);
            }
        } catch (IOException | Refusal e) {
            call.cut(e);
            return;
        }
        if (run.stored() == 0) {
            call.refuse(refusal);
        } else {
            call.refuse(refusal, run::write);
        }
    }

    private void lines(BodyStream stream, BatchRun run, Origin origin) throws IOException, InterruptedException {
        LineBuffer lines = new LineBuffer(ApiLimits.TASK_BYTES);
        TaskReader.BatchDefaults none = reader.noDefaults();
        long index = 0;
        boolean last = false;
        while (!last) {
            Content.Chunk chunk = stream.next();
            try {
                lines.append(chunk.getByteBuffer());
                last = chunk.isLast();
            } finally {
                chunk.release();
            }
            LineBuffer.Line line = lines.next();
            while (line != LineBuffer.Line.NONE) {
                index += line(line, lines, run, none, origin, index);
                line = lines.next();
            }
            lines.shrink();
        }
        line(lines.last(), lines, run, none, origin, index);
        run.finish();
    }

    /** Returns how many items the line is. */
    private int line(
            LineBuffer.Line found,
            LineBuffer lines,
            BatchRun run,
            TaskReader.BatchDefaults none,
            Origin origin,
            long index)
            throws InterruptedException {
        switch (found) {
            case NONE, BLANK -> {
                return 0;
            }
            case TOO_LONG ->
                run.reject(
                        index,
                        new Refusal(
                                ApiError.BODY_TOO_LARGE,
                                "The line is longer than " + ApiLimits.TASK_BYTES + " bytes, the most that a task may have."));
            case WHOLE -> item(lines.slice(), run, none, origin, index);
        }
        return 1;
    }

    private void item(Slice json, BatchRun run, TaskReader.BatchDefaults base, Origin origin, long index)
            throws InterruptedException {
        try {
            run.add(index, reader.item(json, base, origin, kit.now()), json.length());
        } catch (Refusal refusal) {
            run.reject(index, refusal);
        }
    }

    private void text(Call call, BodyStream stream, BatchRun run, Origin origin) throws IOException, InterruptedException {
        Whole whole = new Whole(call.request().getLength());
        try {
            whole.read(stream);
            BatchBody body = BatchBody.of(new Slice(whole.bytes, 0, whole.length));
            TaskReader.BatchDefaults base = reader.noDefaults();
            if (body.defaults() != null) {
                try {
                    base = reader.defaults(body.defaults());
                } catch (Refusal refusal) {
                    throw refusal.under("/defaults");
                }
            }
            for (int i = 0; i < body.count(); i++) {
                textItem(whole.bytes, body, i, run, base, origin);
            }
            run.finish();
        } finally {
            budget.giveBack(whole.taken);
        }
    }

    private void textItem(byte[] json, BatchBody body, int i, BatchRun run, TaskReader.BatchDefaults base, Origin origin)
            throws InterruptedException {
        String pointer = "/items/" + i;
        int length = body.lengths()[i];
        if (body.offsets()[i] < 0) {
            run.reject(i, new Refusal(
                    ApiError.WRONG_TYPE,
                    pointer,
                    "The item is no object; write a task such as {\"url\":\"https://example.com/\"}."));
            return;
        }
        if (length > ApiLimits.TASK_BYTES) {
            run.reject(
                    i,
                    new Refusal(
                            ApiError.BODY_TOO_LARGE,
                            pointer,
                            "The item has " + length + " bytes; a task may have " + ApiLimits.TASK_BYTES + "."));
            return;
        }
        try {
            run.add(i, reader.item(new Slice(json, body.offsets()[i], length), base, origin, kit.now()), length);
        } catch (Refusal refusal) {
            run.reject(i, refusal.under(pointer));
        }
    }

    private void answer(Call call, BatchRun run) throws IOException {
        if (run.stored() == 0) {
            call.refuse(
                    new Refusal(
                            ApiError.BATCH_REJECTED,
                            "Nothing was stored: there was no task, or each had an error; see \"errors\"."),
                    run::write);
            return;
        }
        JsonBytes json = new JsonBytes(ANSWER_BYTES).object();
        run.write(json);
        ByteBuffer body = json.endObject().buffer();
        if (run.id() != null) {
            call.response().getHeaders().put(HttpHeader.LOCATION, kit.link("/v1/batches/" + run.id()));
        }
        SlowWrite.whole(call, 202, Call.JSON, body, kit);
    }

    /** {@code GET /v1/batches/{id}}. */
    void status(Call call) {
        new QueryParams(call.request().getHttpURI().getQuery(), List.of());
        BatchRecord batch = BatchId.parse(call.id())
                .flatMap(kit.tasks()::batch)
                .filter(found -> call.caller().sees(found.owner()))
                .orElseThrow(() -> new Refusal(
                        ApiError.BATCH_NOT_FOUND,
                        "There is no batch " + Names.quote(call.id())
                                + " that you may see; old batches are forgotten after a while."));
        long finished = batch.finished().values().stream().mapToLong(Long::longValue).sum();
        JsonBytes json = new JsonBytes(ANSWER_BYTES)
                .object()
                .field("id", batch.id().toString())
                .field("accepted", batch.accepted())
                .field("finished", finished)
                .field("live", Math.max(0, batch.accepted() - finished))
                .field("done", finished >= batch.accepted());
        json.name("states").object();
        for (Map.Entry<Phase, Long> entry : new TreeMap<>(batch.finished()).entrySet()) {
            json.field(entry.getKey().name().toLowerCase(Locale.ROOT), entry.getValue());
        }
        json.endObject().name("created_at").time(batch.id().timeMillis());
        json.field("tasks_url", kit.link("/v1/tasks?batch=" + batch.id()));
        call.json(200, json.endObject());
    }

    /** Collects a whole text within the budget of all bodies. */
    private final class Whole {
        byte[] bytes;
        long taken;
        private final int most;
        private int length;

        Whole(long declared) {
            if (declared > batchBytes) {
                throw tooLarge();
            }
            most = declared < 0 ? batchBytes : (int) declared;
            bytes = new byte[declared < 0 ? FIRST_ROOM : (int) Math.min(declared, FIRST_ROOM)];
        }

        void read(BodyStream stream) throws IOException, InterruptedException {
            boolean last = false;
            while (!last) {
                Content.Chunk chunk = stream.next();
                try {
                    append(chunk.getByteBuffer());
                    last = chunk.isLast();
                } finally {
                    chunk.release();
                }
            }
        }

        private void append(ByteBuffer more) {
            int size = more.remaining();
            if (size > batchBytes - length) {
                throw tooLarge();
            }
            if (length + size > bytes.length) {
                int room = Math.min(most, Math.max(length + size, bytes.length * 2));
                if (!budget.tryTake(room)) {
                    throw BodyReader.noRoom(budget);
                }
                budget.giveBack(taken);
                taken = room;
                bytes = Arrays.copyOf(bytes, room);
            }
            more.get(bytes, length, size);
            length += size;
        }

        private Refusal tooLarge() {
            return new Refusal(
                    ApiError.BODY_TOO_LARGE,
                    "The batch is larger than " + batchBytes + " bytes; send it as " + NDJSON + ", which has no limit.");
        }
    }
}
