package dev.fetchback.store;

import dev.fetchback.store.Change.IdempotencyKey;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Seen;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The bytes of an archive's frames. */
final class ArchiveFrames {
    static final char TASK = 'T';
    /** A piece of the body of the task before it. */
    static final char BODY = 'B';
    static final char RECEIVER = 'R';
    static final char KEY = 'K';
    static final char PAGE = 'P';
    static final char BATCH = 'A';
    /** What links to kept pages are signed with. */
    static final char LINK_KEY = 'L';

    private ArchiveFrames() {}

    /** @param body whether pieces of a body follow */
    record TaskFrame(StoredTask task, boolean body) {}

    private interface Content {
        void write(DataOutputStream out) throws IOException;
    }

    private static byte[] bytes(Content content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        content.write(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    private static DataInputStream in(byte[] bytes) {
        return new DataInputStream(new ByteArrayInputStream(bytes));
    }

    static byte[] task(StoredTask stored, boolean body) throws IOException {
        Task task = stored.task();
        return bytes(out -> {
            out.writeLong(task.id().high());
            out.writeLong(task.id().low());
            out.writeInt(task.phase().code());
            out.writeLong(task.readyAt());
            out.writeInt(task.fence().attempt());
            out.writeBoolean(body);
            blob(out, Codec.facts(task.plan(), stored.spec()));
            blob(out, Codec.progress(task.progress()));
        });
    }

    /** The task is no owner's. */
    static TaskFrame task(byte[] bytes) throws IOException {
        DataInputStream in = in(bytes);
        TaskId id = new TaskId(in.readLong(), in.readLong());
        Phase phase = Phase.of(in.readInt());
        long readyAt = in.readLong();
        Task.Fence fence = new Task.Fence(in.readInt(), 0);
        boolean body = in.readBoolean();
        Codec.Facts facts = Codec.facts(blob(in));
        Task task = new Task(id, facts.plan(), phase, readyAt, fence, Codec.progress(blob(in)));
        return new TaskFrame(new StoredTask(task, facts.spec()), body);
    }

    static byte[] receiver(ReceiverRecord receiver) throws IOException {
        return bytes(out -> {
            text(out, receiver.id());
            text(out, receiver.endpoint());
            text(out, receiver.status().name());
            text(out, receiver.reason());
            out.writeInt(receiver.failures());
            out.writeLong(receiver.until());
            out.writeLong(receiver.updatedAt());
        });
    }

    static ReceiverRecord receiver(byte[] bytes) throws IOException {
        DataInputStream in = in(bytes);
        return new ReceiverRecord(there(in), there(in), ReceiverRecord.Status.valueOf(there(in)), text(in), in.readInt(), in.readLong(), in.readLong());
    }

    static char kind(Aside aside) {
        return switch (aside) {
            case Aside.Key key -> KEY;
            case Aside.Page page -> PAGE;
            case Aside.Batch batch -> BATCH;
            case Aside.Import mark -> throw new IllegalArgumentException("a store does not hand over " + mark);
        };
    }

    static byte[] aside(Aside aside) throws IOException {
        return bytes(out -> {
            switch (aside) {
                case Aside.Key(IdempotencyKey key, TaskId task) -> {
                    text(out, key.owner());
                    text(out, key.key());
                    blob(out, key.fingerprint());
                    out.writeLong(key.now());
                    out.writeLong(task.high());
                    out.writeLong(task.low());
                }
                case Aside.Page(String key, Seen seen) -> {
                    text(out, key);
                    out.writeInt(seen.status());
                    text(out, seen.url());
                    text(out, seen.etag());
                    text(out, seen.lastModified());
                    out.writeLong(seen.bytes());
                    text(out, seen.sha256());
                    out.writeLong(seen.at());
                }
                case Aside.Batch(BatchRecord batch) -> {
                    out.writeLong(batch.id().high());
                    out.writeLong(batch.id().low());
                    text(out, batch.owner());
                    out.writeLong(batch.accepted());
                    out.writeInt(batch.finished().size());
                    for (Map.Entry<Phase, Long> one : batch.finished().entrySet()) {
                        out.writeInt(one.getKey().code());
                        out.writeLong(one.getValue());
                    }
                }
                case Aside.Import mark -> throw new IllegalArgumentException("not handed over: " + mark);
            }
        });
    }

    static Aside key(byte[] bytes) throws IOException {
        DataInputStream in = in(bytes);
        IdempotencyKey key = new IdempotencyKey(there(in), there(in), blob(in), in.readLong());
        return new Aside.Key(key, new TaskId(in.readLong(), in.readLong()));
    }

    static Aside page(byte[] bytes) throws IOException {
        DataInputStream in = in(bytes);
        return new Aside.Page(there(in), new Seen(in.readInt(), there(in), text(in), text(in), in.readLong(), there(in), in.readLong()));
    }

    static Aside batch(byte[] bytes) throws IOException {
        DataInputStream in = in(bytes);
        BatchId id = new BatchId(in.readLong(), in.readLong());
        String owner = text(in);
        long accepted = in.readLong();
        Map<Phase, Long> finished = new EnumMap<>(Phase.class);
        for (int left = in.readInt(); left > 0; left--) {
            finished.put(Phase.of(in.readInt()), in.readLong());
        }
        return new Aside.Batch(new BatchRecord(id, owner, accepted, Map.copyOf(finished)));
    }

    private static void blob(DataOutputStream out, byte[] bytes) throws IOException {
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static byte[] blob(DataInputStream in) throws IOException {
        return in.readNBytes(in.readInt());
    }

    /** Longer than {@link DataOutputStream#writeUTF} takes, and with null. */
    private static void text(DataOutputStream out, @Nullable String text) throws IOException {
        out.writeBoolean(text != null);
        if (text != null) {
            blob(out, text.getBytes(StandardCharsets.UTF_8));
        }
    }

    private static @Nullable String text(DataInputStream in) throws IOException {
        return in.readBoolean() ? new String(blob(in), StandardCharsets.UTF_8) : null;
    }

    private static String there(DataInputStream in) throws IOException {
        String text = text(in);
        if (text == null) {
            throw new IOException("a text is missing where there must be one");
        }
        return text;
    }
}
