package dev.fetchback.server.intake;

import dev.fetchback.task.BatchId;
import dev.fetchback.task.TaskSpec;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where the tasks of one request come from.
 *
 * @param owner the token's name; null without tokens
 * @param tags the tags of a task without labels and metadata, the same object every time; asked for only once a task is found
 *     good, so that a batch comes to be with its first good task
 */
record Origin(@Nullable String owner, Supplier<TaskSpec.Tags> tags) {
    /** For a single task. */
    static Origin single(@Nullable String owner) {
        TaskSpec.Tags tags = owner == null ? TaskSpec.Tags.NONE : new TaskSpec.Tags(owner, null, List.of(), Map.of());
        return new Origin(owner, () -> tags);
    }

    /** For the tasks of a batch that begins with the first good one. */
    static Origin batch(@Nullable String owner, Supplier<BatchId> begin) {
        return new Origin(owner, new Supplier<>() {
            private TaskSpec.@Nullable Tags tags;

            @Override
            public TaskSpec.Tags get() {
                TaskSpec.Tags known = tags;
                if (known == null) {
                    known = new TaskSpec.Tags(owner, begin.get(), List.of(), Map.of());
                    tags = known;
                }
                return known;
            }
        });
    }
}
