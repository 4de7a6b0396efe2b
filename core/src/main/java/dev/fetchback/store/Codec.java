package dev.fetchback.store;

import dev.fetchback.task.Task;
import dev.fetchback.task.Task.Progress;
import dev.fetchback.task.TaskSpec;
import java.io.ByteArrayOutputStream;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.JsonRecyclerPools;

/**
 * The stored form of what an engine does not query: JSON in UTF-8 that names only what differs from the default. Fields that are
 * not known are skipped, so that a node of the version before can read what a newer one wrote. Times keep milliseconds.
 */
public final class Codec {
    private static final int USUAL_BYTES = 512; // a plain GET with a receiver takes about 200
    // The stream below is an array: there is nothing to flush or close. Submits are encoded on virtual threads, which keep nothing.
    private static final JsonFactory JSON = JsonFactory.builder()
            .recyclerPool(JsonRecyclerPools.newConcurrentDequePool())
            .disable(StreamWriteFeature.FLUSH_PASSED_TO_STREAM)
            .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
            // What is read here was bounded when it was accepted; what could be written must be readable again.
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNameLength(Integer.MAX_VALUE)
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private Codec() {}

    /**
     * What never changes of a task.
     *
     * @param plan what the scheduler needs
     * @param spec what was asked for
     */
    public record Facts(Task.Plan plan, TaskSpec spec) {}

    /** The stored form of a task's facts. */
    public static byte[] facts(Task.Plan plan, TaskSpec spec) {
        return write(json -> SpecJson.write(json, plan, spec));
    }

    /** Reads {@link #facts(Task.Plan, TaskSpec)}. */
    public static Facts facts(byte[] stored) {
        return read("facts", stored, SpecJson::read);
    }

    /** Reads only the plan of {@link #facts(Task.Plan, TaskSpec)}, which is cheaper. */
    public static Task.Plan plan(byte[] stored) {
        return read("plan", stored, SpecJson::readPlan);
    }

    /** The stored form of a task's progress. */
    public static byte[] progress(Progress progress) {
        return write(json -> ProgressJson.write(json, progress));
    }

    /** Reads {@link #progress(Progress)}. */
    public static Progress progress(byte[] stored) {
        return read("progress", stored, ProgressJson::read);
    }

    /** The stored form of a live task's progress; null when it would only repeat the fence, as of most tasks. */
    public static byte @Nullable [] liveProgress(Task task) {
        Progress p = task.progress();
        return p.equals(Progress.fetched(task.fence().attempt())) ? null : progress(p);
    }

    /** Reads {@link #liveProgress(Task)} of a task with this fence. */
    public static Progress liveProgress(byte @Nullable [] stored, Task.Fence fence) {
        return stored == null ? Progress.fetched(fence.attempt()) : progress(stored);
    }

    private static byte[] write(Consumer<JsonGenerator> content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(USUAL_BYTES);
        try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), bytes, JsonEncoding.UTF8)) {
            content.accept(json);
        }
        return bytes.toByteArray();
    }

    private static <T> T read(String what, byte[] stored, Function<JsonParser, T> content) {
        try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), stored)) {
            json.nextToken();
            return content.apply(json);
        } catch (JacksonException | IllegalArgumentException e) {
            throw new StoreException(
                    StoreException.Kind.CORRUPT,
                    "The stored " + what + " of a task cannot be read (" + e.getMessage()
                            + "): it is damaged, or a newer version wrote it. Start the newest version that used this store.",
                    e);
        }
    }
}
